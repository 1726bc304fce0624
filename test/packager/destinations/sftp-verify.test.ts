// What is compared after an upload, and what is not sent because it is there already.
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startBuiltInServer } from '../../../samples/sftp-server.ts';
import { deliverTo } from '../../../services/packager/destinations/index.ts';
import { defaultOptions, type TransferOptions } from '../../../services/packager/server-profile.ts';
import { checkSum, deliveryTo, problemOf, profileOf, someBytes } from '../../support/delivery.ts';

const MIB = 1024 * 1024;
const content = someBytes(6 * MIB + 77);
const deliver = deliverTo('SFTP');

async function start(t: Test, verify: TransferOptions['verify'] = 'sample') {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-verify-'));
  const server = await startBuiltInServer({ folder });
  t.teardown(async () => {
    await server.stop();
    await rm(server.folder, { recursive: true, force: true });
  });
  return { server, profile: profileOf(server, { options: { ...defaultOptions, verify } }) };
}

/** Spoils the partial file before it is compared: `bytes` bytes from `at` on. */
function spoiled(folder: string, at: number, bytes: number) {
  return (step: string) => {
    if (step !== 'verifying') return;
    const file = openSync(join(folder, '.f.12-1.part'), 'r+');
    writeSync(file, Buffer.alloc(bytes, 'x'), 0, bytes, at);
    closeSync(file);
  };
}

for (const [verify, at, bytes, noticed] of [
  ['size', 3 * MIB, 2 * MIB, false],
  ['sample', 0, 1, true],
  ['sample', content.length - 1, 1, true],
  ['sample', 3 * MIB, MIB, true],
  ['full', 3 * MIB + 5, 1, true],
] as const) {
  t.test(`verify ${verify}, with ${bytes} wrong bytes from ${at} on`, async (t) => {
    const { server, profile } = await start(t, verify);
    const work = deliver(deliveryTo(profile, content, 'f', { onStep: spoiled(server.folder, at, bytes) }));
    if (!noticed) return t.strictSame((await work).notes, []);
    t.match(await problemOf(work), { code: 'remote_mismatch', transient: true, message: /byte|SHA-256/ });
    t.strictSame(await readdir(server.folder), [], 'the partial file is gone, nothing is visible');
    return undefined;
  });
}

t.test('read back whole, and right', async (t) => {
  const { server, profile } = await start(t, 'full');
  t.strictSame((await deliver(deliveryTo(profile, content, 'f'))).notes, []);
  t.equal(await checkSum(join(server.folder, 'f')), 'f: OK');
});

t.test('this very archive is there already: nothing is sent', async (t) => {
  const { server, profile } = await start(t);
  const path = join(server.folder, 'f');
  await deliver(deliveryTo(profile, content, 'f', { jobId: '11' }));
  const { mtimeMs, ino } = await stat(path);
  for (const sidecar of ['right', 'missing', 'wrong'] as const) {
    if (sidecar === 'missing') await rm(`${path}.sha256`);
    if (sidecar === 'wrong') await writeFile(`${path}.sha256`, `${'0'.repeat(64)}  f\n`);
    server.faults.arrived = 0;
    const delivery = deliveryTo(profile, content, 'f');
    const delivered = await deliver(delivery);
    t.match(delivered, { finalPath: path, size: content.length, sha256: delivery.archive.sha256 });
    t.match(delivered.notes?.[0], /nothing was sent/);
    // This server cannot rename over a file, and says so.
    t.equal(delivered.notes?.length, { right: 1, missing: 2, wrong: 3 }[sidecar]);
    t.ok((server.faults.arrived ?? 0) < 100, 'not more than the line of the .sha256');
    t.equal(await checkSum(path), 'f: OK');
    t.match(await stat(path), { mtimeMs, ino }, 'the file itself was not touched');
    t.strictSame((await readdir(server.folder)).sort(), ['f', 'f.sha256']);
  }
});

t.test('another file of the same length, with the right .sha256 beside it, is replaced', async (t) => {
  const { server, profile } = await start(t);
  const path = join(server.folder, 'f');
  await deliver(deliveryTo(profile, content, 'f', { jobId: '11' }));
  for (const at of [0, 3 * MIB, content.length - 1]) {
    const other = Buffer.from(content);
    other[at]! ^= 1;
    await writeFile(path, other);
    const { notes } = await deliver(deliveryTo(profile, content, 'f'));
    t.match(notes, [/replaced/]);
    t.equal(await checkSum(path), 'f: OK', `different at ${at}`);
    t.ok((await readFile(path)).equals(content));
  }
});
