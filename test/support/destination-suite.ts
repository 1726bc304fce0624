/** What every destination must do, against a real server: the happy path and all the unhappy ones. */
import { readdirSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Problem } from '@osimage/errors';
import type { Test } from 'tap';
import type { Deliver } from '../../services/packager/destinations/destination.ts';
import { reachedFromOutside } from './addresses.ts';
import {
  checkSum,
  deliveryTo,
  type FakeArchive,
  fakeArchive,
  problemOf,
  someBytes,
  type TestDelivery,
} from './delivery.ts';
import type { FileServer } from './file-server.ts';
import { until } from './until.ts';

const MIB = 1024 * 1024;
const ourName = '20260101000000_web.tar.gz';
const content = someBytes(3 * MIB + 12_345);
/** Larger than all buffers between us and a server. */
const LARGE_BYTES = 96 * MIB;
/** More than these buffers hold, much less than all. */
const AHEAD_BYTES = 48 * MIB;

export interface DestinationSuite {
  readonly deliver: Deliver;
  /** Limits of a second or less. */
  readonly impatient: Deliver;
  /** A new server; undefined when it cannot be had. */
  readonly start: (t: Test) => Promise<FileServer | undefined>;
  readonly changes?: Partial<TestDelivery>;
  /** What a folder is told with that may not be written to. */
  readonly permission?: string;
  /** The protocol has no temporary names. */
  readonly direct?: boolean;
  /** The server shows a file only when all of it is there. */
  readonly hidden?: boolean;
}

type Changes = Partial<Omit<TestDelivery, 'progress' | 'steps'>>;

export async function destinationSuite(t: Test, suite: DestinationSuite): Promise<void> {
  const server = await suite.start(t);
  if (server === undefined) return;
  const { deliver } = suite;
  const { folder, profile, root } = server;
  const owner = (await stat(folder)).uid;
  const to = (path: string, changes: Changes = {}, bytes = content) =>
    deliveryTo(profile, bytes, path, { ...suite.changes, ...changes });
  /** A folder that the server's user may write to. */
  const makeFolder = async (name: string) => {
    await mkdir(join(folder, name));
    await chown(join(folder, name), owner, -1);
    return join(folder, name);
  };
  const arrived = async (t: Test, name: string, expected = content) => {
    t.ok((await readFile(join(folder, name))).equals(expected), `${name}: the same bytes`);
    t.match(await checkSum(join(folder, name)), /: OK$/);
  };
  const left = async (name: string) => (await readdir(join(folder, name))).sort();

  await t.test('a folder, named with a slash or there already, takes it under our name', async (t) => {
    await makeFolder('slash');
    const delivery = to(`${root}slash/`);
    const delivered = await deliver(delivery);
    const { sha256 } = delivery.archive;
    t.match(delivered, { finalPath: `${root}slash/${ourName}`, size: content.length, sha256 });
    await arrived(t, `slash/${ourName}`);
    t.strictSame(await left('slash'), [ourName, `${ourName}.sha256`]);
    t.equal(delivery.progress.at(-1), content.length);
    t.strictSame(
      delivery.progress,
      delivery.progress.toSorted((a, b) => a - b),
      'progress only grows',
    );
    await makeFolder('existing');
    await deliver(to(`${root}existing`));
    await arrived(t, `existing/${ourName}`);
  });

  await t.test('a full name, in folders that are made, by two at once', async (t) => {
    const names = ['a', 'b'];
    const all = await Promise.all(
      names.map((name) => deliver(to(`${root}/some//new/./${name}`, { jobId: name }))),
    );
    t.strictSame(
      all.map(({ finalPath }) => finalPath),
      names.map((name) => `${root}some/new/${name}`),
    );
    for (const name of names) await arrived(t, `some/new/${name}`);
  });

  await t.test('without a path: where the login lands, or the default folder', async (t) => {
    t.equal((await deliver(to(''))).finalPath, `${root}${ourName}`);
    await arrived(t, ourName);
    const server = { ...profile, defaultPath: 'archives/new' };
    t.equal((await deliver(to('', { server }))).finalPath, `${root}archives/new/${ourName}`);
    await arrived(t, `archives/new/${ourName}`);
    t.equal((await deliver(to('archives/x'))).finalPath, `${root}archives/x`);
  });

  await t.test('every size, however the content is compared', async (t) => {
    const verify = ['size', 'sample', 'full'] as const;
    // A .tar.gz is never empty.
    for (const [at, size] of [1, 100, 131_071, 131_072, MIB + 1].entries()) {
      const options = { ...profile.options, verify: verify[at % 3] ?? 'size' };
      const delivery = to(`${root}edge-${size}`, { server: { ...profile, options } }, someBytes(size));
      await deliver(delivery);
      await arrived(t, `edge-${size}`, someBytes(size));
    }
  });

  await t.test('odd names, the longest that fits, and one that does not', async (t) => {
    await makeFolder('names');
    const longest = 'ä'.repeat(124);
    for (const name of [longest, 'ü & 100% #1?;[x]+.tar.gz', ' a  b~ ']) {
      await deliver(to(`${root}names/${name}`));
      await arrived(t, `names/${name}`);
    }
    const problem = await problemOf(deliver(to(`${root}names/${longest}b`)));
    t.match(problem, { code: 'invalid_request', message: /sha256/ });
    for (const path of [`names/${'f'.repeat(256)}/f`, `names/${'f'.repeat(256)}`]) {
      const long = await problemOf(deliver(to(root + path)));
      t.match(long, { code: /^(remote_name_refused|invalid_request)$/, transient: false }, path);
    }
    t.equal((await left('names')).length, 6);
  });

  await t.test('a file of that name is replaced, and only by a whole one', async (t) => {
    const path = await makeFolder('replace');
    await writeFile(join(path, 'f'), 'the old one');
    await chown(join(path, 'f'), owner, -1);
    const { notes } = await deliver(
      to(`${root}replace/f`, {
        checkLease: async () => {
          if (suite.direct) return;
          t.equal(await readFile(join(path, 'f'), 'utf8'), 'the old one', 'untouched until the end');
        },
      }),
    );
    await arrived(t, 'replace/f');
    t.match(notes?.join(), /replaced another file/);
    t.strictSame(await left('replace'), ['f', 'f.sha256']);
  });

  await t.test('where this very archive lies nothing is sent', async (t) => {
    const again = to(`${root}replace/f`, { jobId: '13' });
    const { notes, sha256 } = await deliver(again);
    t.match(notes?.join(), /nothing was sent/);
    t.equal(sha256, again.archive.sha256);
    t.notOk(again.steps.includes('sending'));
    await writeFile(join(folder, 'replace/f.sha256'), 'wrong');
    t.match((await deliver(to(`${root}replace/f`))).notes?.join(), /\.sha256 was missing or wrong/);
    await arrived(t, 'replace/f');
    const other = Buffer.from(content);
    other[2 * MIB] = 0;
    await deliver(to(`${root}replace/f`, {}, other));
    await arrived(t, 'replace/f', other);
  });

  if (!suite.direct)
    await t.test('what lies under temporary names: ours goes, a link is not followed', async (t) => {
      const path = await makeFolder('leftovers');
      const names = ['.f.12-1.part', '.f.12-1.sha256.part', '.f.12-2.part', '.f.13-1.part', '.g.12-1.part'];
      for (const name of [...names, 'victim']) {
        await writeFile(join(path, name), 'precious');
        await chown(join(path, name), owner, -1);
      }
      await symlink(join(path, 'victim'), join(path, '.f.12-3.part'));
      await deliver(to(`${root}leftovers/f`, { attempt: 3 }));
      t.strictSame(await left('leftovers'), ['.f.13-1.part', '.g.12-1.part', 'f', 'f.sha256', 'victim']);
      t.equal(await readFile(join(path, 'victim'), 'utf8'), 'precious');
    });

  await t.test('a link under the final name is replaced, not followed', async (t) => {
    const path = await makeFolder('final-link');
    await writeFile(join(path, 'elsewhere'), 'not yours');
    await chown(join(path, 'elsewhere'), owner, -1);
    await symlink(join(path, 'elsewhere'), join(path, 'f'));
    await deliver(to(`${root}final-link/f`));
    await arrived(t, 'final-link/f');
    t.notOk((await lstat(join(path, 'f'))).isSymbolicLink());
    t.equal(await readFile(join(path, 'elsewhere'), 'utf8'), 'not yours');
  });

  await t.test('folders that are none, or are in the way', async (t) => {
    const path = await makeFolder('in-the-way');
    await writeFile(join(path, 'file'), '');
    for (const target of ['file/', 'file/deeper', 'file/deeper/']) {
      const problem = await problemOf(deliver(to(`${root}in-the-way/${target}`)));
      t.match(problem, { code: 'remote_not_a_folder', params: { path: `${root}in-the-way/file` } }, target);
    }
    await mkdir(join(path, ourName));
    t.match(await problemOf(deliver(to(`${root}in-the-way/`))), { code: 'conflict' });
    await mkdir(join(path, 'sum.sha256'));
    t.match(await problemOf(deliver(to(`${root}in-the-way/sum`))), { code: 'conflict' });
    t.strictSame(await left('in-the-way'), [ourName, 'file', 'sum.sha256']);
    for (const target of ['../x', '/a/../b', 'a\0b', 'a\nb'])
      t.equal((await problemOf(deliver(to(target)))).code, 'invalid_request');
  });

  const rootOnly = process.getuid?.() === 0 ? {} : { skip: 'permissions need a user of the server' };
  await t.test('no permission', rootOnly, async (t) => {
    const path = await makeFolder('locked');
    await chmod(path, 0o555);
    const code = suite.permission ?? 'remote_permission';
    t.match(await problemOf(deliver(to(`${root}locked/f`))), { code });
    const within = suite.direct ? code : 'remote_permission';
    t.match(await problemOf(deliver(to(`${root}locked/new/f`))), { code: within });
    await chmod(path, 0o755);
    t.strictSame(await left('locked'), []);
  });

  await t.test('a wrong password or user is told at once', async (t) => {
    for (const wrong of [{ password: 'wrong-one' }, { username: 'nobody-here' }]) {
      const problem = await problemOf(deliver(to(`${root}f`, { server: { ...profile, ...wrong } })));
      t.match(problem, { code: 'login_refused', transient: false });
      t.notMatch(`${problem.message} ${problem.recovery}`, /wrong-one|S3cret/);
    }
  });

  await t.test('a server that cannot be reached, or may not be', async (t) => {
    const closed = createServer().listen(0, '127.0.0.1');
    await until(() => closed.listening);
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const at = (server: Partial<FileServer['profile']>, changes: Changes = {}) =>
      problemOf(deliver(to(`${root}f`, { server: { ...profile, ...server }, ...changes })));
    t.match(await at({ port }), { code: 'host_unreachable', transient: true });
    t.match(await at({ address: 'no-such-host.invalid' }), { code: 'name_not_resolved' });
    for (const address of ['localhost', '::ffff:127.0.0.1'])
      t.match(await at({ address }, { addresses: reachedFromOutside() }), { code: 'address_not_allowed' });
  });

  await t.test('an archive that ends early or fails is never published', async (t) => {
    await makeFolder('short');
    const archive = fakeArchive(content, content.length + 1);
    const early = await problemOf(deliver(to(`${root}short/f`, { archive })));
    t.equal(early.code, 'archive_damaged');
    const damaged = new Error('segment 3 is rotten');
    const rotten = to(`${root}short/f`);
    const stream = async function* () {
      yield content.subarray(0, MIB);
      throw damaged;
    };
    await t.rejects(deliver({ ...rotten, archive: { ...rotten.archive, stream } }), damaged);
    t.strictSame(await left('short'), []);
  });

  await t.test('cancelled at every step, and in the middle of each', async (t) => {
    await makeFolder('cancelled');
    const all = to(`${root}cancelled/f`);
    await deliver(all);
    t.ok(all.steps.length >= 5, all.steps.join());
    for (const step of all.steps) {
      const controller = new AbortController();
      const reason = new Error(`cancelled while ${step}`);
      const name = `f ${step}`;
      const delivery = to(`${root}cancelled/${name}`, {
        signal: controller.signal,
        onStep: (now) => {
          if (now === step) controller.abort(reason);
        },
      });
      await t.rejects(deliver(delivery), reason, step);
      t.equal(delivery.archive.open, 0);
    }
    const controller = new AbortController();
    let seen: string[] = [];
    const delivery = to(`${root}cancelled/middle`, {
      archive: largeArchive(),
      signal: controller.signal,
      onProgress: (bytes) => {
        if (bytes < AHEAD_BYTES || controller.signal.aborted) return;
        seen = readdirSync(join(folder, 'cancelled'));
        controller.abort(new Error('no longer wanted'));
      },
    });
    await t.rejects(deliver(delivery), new Error('no longer wanted'));
    if (!suite.direct && !suite.hidden)
      t.ok(seen.includes('.middle.12-1.part'), `it was on its way: ${seen}`);
    t.equal(delivery.archive.open, 0, 'the archive is let go');
    t.strictSame(await left('cancelled'), ['f', 'f.sha256'], 'nothing of all that is left');
    const before = AbortSignal.abort(new Error('early'));
    await t.rejects(deliver(to(`${root}f`, { signal: before })), new Error('early'));
  });

  await t.test('a job that was lost publishes nothing and removes nothing', async (t) => {
    await makeFolder('lost');
    const checkLease = async () => {
      throw new Problem('attempt_lost');
    };
    const lost = deliver(to(`${root}lost/f`, { checkLease }));
    t.equal((await problemOf(lost)).code, 'attempt_lost');
    const expected = suite.direct ? [] : ['.f.12-1.part', '.f.12-1.sha256.part'];
    t.strictSame(await left('lost'), expected);
    await deliver(to(`${root}lost/f`, { attempt: 2 }));
    t.strictSame(await left('lost'), ['f', 'f.sha256'], 'the successor tidies up');
  });

  await t.test('no sooner than its rate allows', async (t) => {
    const options = { ...profile.options, bytesPerSecond: 4 * MIB };
    const started = performance.now();
    await deliver(to(`${root}slow`, { server: { ...profile, options } }, someBytes(MIB)));
    t.ok(performance.now() - started >= 190);
    await arrived(t, 'slow', someBytes(MIB));
  });

  await t.test('silence in the middle: told, and no more is read than the link takes', async (t) => {
    const silent = await suite.start(t);
    if (silent === undefined) return;
    const delivery = interrupted(suite, silent, () => silent.freeze());
    const problem = await problemOf(suite.impatient(delivery));
    t.match(problem, { code: 'connection_stalled', transient: true });
    t.ok(delivery.archive.given < AHEAD_BYTES, `${delivery.archive.given} bytes were read`);
    t.equal(delivery.archive.open, 0);
  });

  await t.test('cancelled while the server does not answer', async (t) => {
    const silent = await suite.start(t);
    if (silent === undefined) return;
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const delivery = interrupted(suite, silent, () => {
      silent.freeze();
      controller.abort(reason);
    });
    await t.rejects(deliver({ ...delivery, signal: controller.signal }), reason, 'it ends all the same');
    if ((await readdir(silent.folder)).length > 0)
      t.match(delivery.notes, [/A partial file may be left on/], 'what could not be removed is told');
  });

  await t.test('a connection that breaks in the middle leaves nothing', async (t) => {
    const broken = await suite.start(t);
    if (broken === undefined) return;
    const delivery = interrupted(suite, broken, () => broken.drop());
    const problem = await problemOf(deliver(delivery));
    t.match(problem, { code: 'connection_lost', transient: true });
    t.strictSame(await readdir(broken.folder), [], 'taken back over a fresh connection');
    t.strictSame(delivery.notes, []);
  });
}

interface LargeArchive extends FakeArchive {
  /** Bytes that were taken from it. */
  readonly given: number;
}

/** One that takes no memory. */
function largeArchive(): LargeArchive {
  const chunk = someBytes(2 * MIB);
  let given = 0;
  let open = 0;
  return {
    ...fakeArchive(Buffer.alloc(0), LARGE_BYTES),
    async *stream(signal) {
      open += 1;
      try {
        for (; given < LARGE_BYTES; given += chunk.length) {
          signal?.throwIfAborted();
          yield chunk;
        }
      } finally {
        open -= 1;
      }
    },
    get given() {
      return given;
    },
    get open() {
      return open;
    },
  };
}

/** A delivery of a large archive, to which something happens when a part of it is on its way. */
function interrupted({ changes }: DestinationSuite, { profile, root }: FileServer, happens: () => void) {
  let pending = true;
  const archive = largeArchive();
  const delivery = deliveryTo(profile, content, `${root}f`, {
    ...changes,
    archive,
    onProgress: (bytes) => {
      if (!pending || bytes < 4 * MIB) return;
      pending = false;
      happens();
    },
  });
  return { ...delivery, archive };
}
