// Deliveries to SFTP servers with limits and habits of their own: each works, or says in one sentence why not.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startDelayLink } from '../../../bench/delay-link.ts';
import { type ServerFaults, startBuiltInServer } from '../../../samples/sftp-server.ts';
import { deliverTo } from '../../../services/packager/destinations/index.ts';
import { defaultOptions, type TransferOptions } from '../../../services/packager/server-profile.ts';
import {
  checkSum,
  deliveryTo,
  problemOf,
  profileOf,
  someBytes,
  type TestDelivery,
} from '../../support/delivery.ts';

const MIB = 1024 * 1024;
/** Enough for several channels. */
const large = someBytes(20 * MIB + 77);
const content = someBytes(3 * MIB + 77);
const deliver = deliverTo('SFTP');

async function start(t: Test, faults: ServerFaults, bytes = content, rttMs = 0) {
  const server = await startBuiltInServer({ folder: await mkdtemp(join(tmpdir(), 'osimage-odd-')), faults });
  const link = await startDelayLink({ to: server.port, rttMs });
  t.teardown(async () => {
    await link.close();
    await server.stop();
    await rm(server.folder, { recursive: true });
  });
  const to = (
    changes: Partial<Omit<TestDelivery, 'progress' | 'steps' | 'notes'>> = {},
    options: Partial<TransferOptions> = {},
    path = 'f',
  ) => {
    const profile = profileOf(server, { port: link.port, options: { ...defaultOptions, ...options } });
    return deliveryTo(profile, bytes, path, changes);
  };
  const arrived = async (t: Test) => {
    t.ok((await readFile(join(server.folder, 'f'))).equals(bytes), 'the same bytes');
    t.equal(await checkSum(join(server.folder, 'f')), 'f: OK');
    t.strictSame((await readdir(server.folder)).sort(), ['f', 'f.sha256'], 'and nothing else');
  };
  return { server, link, to, arrived };
}

t.test('a file from its beginning to its end only', async (t) => {
  const { to, arrived, server } = await start(t, { inOrderOnly: true });
  // Whatever it answers first, some write must come before the one in front of it.
  let first = true;
  const { faults } = server;
  faults.onWrite = async () => {
    if (!first) return;
    first = false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const { notes } = await deliver(to());
  t.match(notes, [/from its beginning to its end.*one write at a time/]);
  await arrived(t);
});

t.test('a file that is open cannot be opened again', async (t) => {
  const { to, arrived, link } = await start(t, { opensOnce: true }, large, 20);
  const { notes } = await deliver(to());
  t.strictSame(notes, []);
  t.ok(link.accepted > 1, 'it tried to be faster');
  await arrived(t);
});

t.test('one channel on a connection', async (t) => {
  const { to, arrived, link } = await start(t, { oneChannel: true }, large, 20);
  await deliver(to());
  t.ok(link.accepted > 1, 'several connections instead');
  await arrived(t);
});

t.test('one channel on the one connection that the profile allows', async (t) => {
  const { to, arrived, link } = await start(t, { oneChannel: true }, large, 20);
  await deliver(to({}, { connections: 1 }));
  t.equal(link.accepted, 1);
  await arrived(t);
});

t.test('reads that give less than was asked for', async (t) => {
  const { to, arrived, server } = await start(t, { shortReads: true });
  await deliver(to({}, { verify: 'full' }));
  await arrived(t);
  server.faults.arrived = 0;
  const { notes } = await deliver(to({ jobId: '13' }));
  t.match(notes, [/nothing was sent/]);
  t.equal(server.faults.arrived, 0);
});

t.test('a write that is said to be done, and is half done', async (t) => {
  await t.test('in the middle: found by reading back', async (t) => {
    const { to, server } = await start(t, { halfWrite: 9 });
    const problem = await problemOf(deliver(to({}, { verify: 'full', connections: 1 })));
    t.match(problem, { code: 'remote_mismatch', transient: true, message: /SHA-256/ });
    t.strictSame(await readdir(server.folder), []);
  });
  await t.test('at the end: found by the size, and nothing of it is gone on with', async (t) => {
    const { to, arrived, server } = await start(t, {});
    let kept: TestDelivery['checkpoint'];
    const attempt = (number: number) =>
      to({
        attempt: number,
        triesAgain: () => true,
        checkpoint: kept,
        saveCheckpoint: async (checkpoint) => {
          kept = checkpoint;
        },
      });
    const { faults } = server;
    faults.onWrite = (bytes) => {
      // What has arrived tells which write is the last one; the server counts this one already.
      if (bytes === content.length) faults.halfWrite = faults.writes ?? 0;
    };
    const problem = await problemOf(deliver(attempt(1)));
    t.match(problem, { code: 'remote_mismatch', message: /bytes instead of/ });
    t.strictSame(await readdir(server.folder), []);
    delete faults.halfWrite;
    delete faults.onWrite;
    faults.arrived = 0;
    t.strictSame((await deliver(attempt(2))).notes, []);
    t.ok(faults.arrived >= content.length, 'all of it was sent again');
    await arrived(t);
  });
});

t.test('files may be put there and not read', async (t) => {
  const { to, arrived, server } = await start(t, { noReading: true });
  await writeFile(join(server.folder, 'f'), content);
  const { notes } = await deliver(to());
  t.match(notes?.join(' '), /Only the size of the archive was compared/);
  t.match(notes?.join(' '), /replaced another file/, 'what cannot be read proves nothing');
  await arrived(t);
  await rm(join(server.folder, 'f'));
  const problem = await problemOf(deliver(to({}, { verify: 'full' })));
  t.match(problem, { code: 'remote_unverifiable', transient: false });
  t.strictSame(await readdir(server.folder), ['f.sha256']);
});

for (const when of ['before', 'after'] as const) {
  for (const existing of [false, true]) {
    t.test(
      `a reset at the end: ${when} the renaming, ${existing ? 'over a file' : 'of a new one'}`,
      async (t) => {
        const { to, arrived, server } = await start(t, {});
        const path = join(server.folder, 'f');
        if (existing) await writeFile(path, 'the old one');
        server.faults.resetAtRename = when;
        let kept: TestDelivery['checkpoint'];
        const saveCheckpoint: TestDelivery['saveCheckpoint'] = async (checkpoint) => {
          kept = checkpoint;
        };
        const problem = await problemOf(deliver(to({ triesAgain: () => true, saveCheckpoint })));
        t.match(problem, { code: 'connection_lost', transient: true });
        // Where it cannot be replaced, the old one is aside for a moment, which is when the reset comes.
        const found = (await readFile(path).catch(() => undefined))?.length;
        t.equal(
          found,
          when === 'before' ? (existing ? 11 : undefined) : existing ? undefined : content.length,
        );
        const whole = when === 'after' && !existing;
        server.faults.arrived = 0;
        const { notes } = await deliver(to({ attempt: 2, checkpoint: kept, saveCheckpoint }));
        t.match(notes?.join(' '), whole ? /nothing was sent/ : /bytes of an earlier attempt/);
        t.ok(server.faults.arrived < 1000, 'only the .sha256 was sent');
        await arrived(t);
      },
    );
  }
}

t.test('names of 143 bytes at most, as on an encrypted disk', async (t) => {
  const { to, server } = await start(t, { nameMax: 143 });
  const name = 'n'.repeat(143 - '.sha256'.length);
  await deliver(to({}, {}, name));
  t.strictSame((await readdir(server.folder)).sort(), [name, `${name}.sha256`]);
  for (const [path, about] of [
    [`${name}x`, `${name}x.sha256`],
    [`${'n'.repeat(144)}/f`, 'n'.repeat(144)],
  ] as const) {
    const problem = await problemOf(deliver(to({}, {}, path)));
    t.match(problem, { code: 'remote_name_refused', transient: false });
    t.equal(problem.params.path, join(server.folder, about));
  }
  t.equal((await readdir(server.folder)).length, 2);
});
