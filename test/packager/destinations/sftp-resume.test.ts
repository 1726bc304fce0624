// An upload goes on where an earlier attempt was, as far as that is proven; OpenSSH. Bytes are counted on the way.
import { chown, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { startDelayLink } from '../../../bench/delay-link.ts';
import type { SftpServer } from '../../../samples/sftp-server.ts';
import type { Delivery } from '../../../services/packager/destinations/destination.ts';
import { sftpDestination } from '../../../services/packager/destinations/sftp/deliver.ts';
import { defaultLimits } from '../../../services/packager/sftp/limits.ts';
import {
  checkSum,
  deliveryTo,
  problemOf,
  profileOf,
  someBytes,
  type TestDelivery,
} from '../../support/delivery.ts';
import { startSshd } from '../../support/sshd.ts';

type Kept = Parameters<Delivery['saveCheckpoint']>[0];

const MIB = 1024 * 1024;
const content = someBytes(12 * MIB + 345);
const deliver = sftpDestination();
/** What goes over the line besides the archive: connecting, signing in, requests, the .sha256. */
const AROUND = 200_000;

async function start(t: Test) {
  const server = await startSshd(t);
  if (server === undefined) return undefined;
  const link = await startDelayLink({ to: server.port, rttMs: 0 });
  t.teardown(() => link.close());
  const at = { ...profileOf(server), port: link.port };
  let kept: Kept | undefined;
  const attempt = (
    number: number,
    changes: Partial<Omit<TestDelivery, 'progress' | 'steps'>> = {},
    path = 'f',
  ) =>
    deliveryTo(at, content, path, {
      attempt: number,
      checkpoint: kept,
      saveCheckpoint: async (checkpoint) => {
        kept = checkpoint;
      },
      triesAgain: () => true,
      ...changes,
    });
  return {
    server,
    link,
    attempt,
    get kept() {
      return kept;
    },
    /** As if a checkpoint said that so many bytes are on the disk. */
    keep(changes: Partial<Kept>) {
      kept = { ...kept, ...changes } as Kept;
    },
  };
}

async function arrived(t: Test, server: SftpServer, name = 'f'): Promise<void> {
  t.ok((await readFile(join(server.folder, name))).equals(content), 'the same bytes');
  t.equal(await checkSum(join(server.folder, name)), `${name}: OK`);
  const others = (await readdir(server.folder)).filter(
    (file) => file.startsWith('.') && file.includes('.part'),
  );
  t.strictSame(others, [], 'no partial file is left');
}

/** What the first attempt leaves when it ends before a byte is sent: a checkpoint of nothing. */
async function begin(t: Test, at: NonNullable<Awaited<ReturnType<typeof start>>>): Promise<string> {
  const controller = new AbortController();
  const first = at.attempt(1, {
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('cut off')),
  });
  await t.rejects(deliver(first), new Error('cut off'));
  t.match(at.kept, { attempt: 1, synced: 0 });
  return join(at.server.folder, '.f.12-1.part');
}

/** As the server's user would have written it. */
async function leave(path: string, content: Buffer): Promise<void> {
  await writeFile(path, content);
  await chown(path, (await stat(dirname(path))).uid, -1);
}

t.test('what an earlier attempt has brought over is not sent again', async (t) => {
  const { length } = content;
  for (const there of [0, 1, Math.floor(length / 2), length - 1, length]) {
    for (const synced of new Set([0, there])) {
      const at = await start(t);
      if (at === undefined) return;
      const partial = await begin(t, at);
      await leave(partial, content.subarray(0, there));
      at.keep({ synced });
      const before = at.link.sent;
      const { notes } = await deliver(at.attempt(2));
      await arrived(t, at.server);
      const sent = at.link.sent - before;
      t.ok(
        sent < length - there + AROUND,
        `${there} there, ${synced} synced: ${sent} bytes went over the line`,
      );
      if (there > 0) t.match(notes?.join(' '), new RegExp(`${there} bytes of an earlier attempt`));
    }
  }
});

t.test('what cannot be proven is sent again', async (t) => {
  const half = Math.floor(content.length / 2);
  const holes = Buffer.from(content);
  holes.fill(0, MIB, 2 * MIB);
  const wrong: Record<string, Buffer> = {
    'a hole, and the full length': holes,
    'other bytes': Buffer.alloc(half, 7),
    'more than the archive has': Buffer.concat([content, Buffer.from('more')]),
  };
  for (const [what, bytes] of Object.entries(wrong)) {
    const at = await start(t);
    if (at === undefined) return;
    await leave(await begin(t, at), bytes);
    await deliver(at.attempt(2));
    await arrived(t, at.server);
    t.pass(what);
  }
  const lying = await start(t);
  await leave(await begin(t, lying!), Buffer.alloc(half, 7));
  lying!.keep({ synced: half });
  await deliver(lying!.attempt(2));
  await arrived(t, lying!.server);
});

t.test('a partial file of another archive, place or server is none of ours', async (t) => {
  for (const change of [{ identity: 'another' }, { path: '/elsewhere/f' }, { server: 'x@y:1' }]) {
    const at = await start(t);
    if (at === undefined) return;
    await leave(await begin(t, at), content.subarray(0, MIB));
    at.keep({ synced: MIB, ...change });
    const { notes } = await deliver(at.attempt(2));
    t.notMatch(notes?.join(' '), /earlier attempt/, Object.keys(change).join());
    await arrived(t, at.server);
  }
});

t.test('a connection that is cut on the way, again and again', async (t) => {
  const at = await start(t);
  if (at === undefined) return;
  const often = sftpDestination({ ...defaultLimits, checkpointMs: 0 });
  let number = 0;
  let reached = 0;
  for (const part of [0.25, 0.5, 0.9]) {
    number += 1;
    let cut = false;
    const onProgress = (bytes: number) => {
      if (cut || bytes < content.length * part) return;
      cut = true;
      for (let connection = 0; connection < at.link.accepted; connection += 1) at.link.cut(connection);
    };
    t.match(await problemOf(often(at.attempt(number, { onProgress }))), { code: 'connection_lost' });
    const left = (await readdir(at.server.folder)).filter((name) => name.endsWith('.part'));
    t.strictSame(left, [`.f.12-${number}.part`], 'what arrived stays for the next attempt');
    const { size } = await stat(join(at.server.folder, left[0]!));
    t.ok(size >= reached, 'and never gets less');
    reached = size;
  }
  const before = at.link.sent;
  const { notes } = await often(at.attempt(number + 1));
  t.match(notes?.join(' '), /bytes of an earlier attempt/);
  t.ok(at.link.sent - before < content.length / 2 + AROUND, 'the last attempt sends less than half of it');
  await arrived(t, at.server);
});

t.test('nobody goes on: nothing stays', async (t) => {
  const at = await start(t);
  if (at === undefined) return;
  const controller = new AbortController();
  const cancelled = at.attempt(1, {
    signal: controller.signal,
    triesAgain: () => false,
    onProgress: (bytes) => {
      if (bytes > MIB) controller.abort(new Error('no longer wanted'));
    },
  });
  await t.rejects(deliver(cancelled), new Error('no longer wanted'));
  t.strictSame(await readdir(at.server.folder), []);
});
