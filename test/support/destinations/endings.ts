/** Deliveries that are cancelled, lost, slow, or cut off. */
import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '@osimage/errors';
import type { Test } from 'tap';
import { deliveryTo, type FakeArchive, fakeArchive, problemOf, someBytes } from '../delivery.ts';
import type { FileServer } from '../file-server.ts';
import { content, type DestinationSuite, MIB, type Place } from './place.ts';

/** Larger than all buffers between us and a server. */
const LARGE_BYTES = 96 * MIB;
/** More than these buffers hold, much less than all. */
const AHEAD_BYTES = 48 * MIB;

export async function endings(t: Test, at: Place): Promise<void> {
  const { suite, deliver, folder, profile, root, to, makeFolder, arrived, left } = at;
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
