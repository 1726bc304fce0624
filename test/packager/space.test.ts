/** Whether imports and exports fit: refused before, ended cleanly when the disk fills up meanwhile. On a real small disk. */
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { importClaim, spaceUsage } from '@osimage/blob-store';
import { cancelJobs, findJobs, saveClaim } from '@osimage/database';
import type { Problem } from '@osimage/errors';
import t, { type Test } from 'tap';
import { memberHeader, padding } from '../../packages/archive/tar-header.ts';
import { createImport, startImport } from '../../services/packager/jobs/start-import.ts';
import { openSite, putImage, type Site } from '../support/site.ts';
import { MIB, type SmallDisk, smallDisk } from '../support/small-disk.ts';

const image = 'rhels9.4';
const webId = `${image}|${image}-x86_64-install-web`;
const user = 'USERID';
const order = { name: 'noise.tar.gz', imageType: 'SOFTWARE', os: '', osrelease: '', description: '' };

async function smallSite(
  t: Test,
  mib: number,
  env: NodeJS.ProcessEnv = {},
): Promise<{ site: Site; disk: SmallDisk } | undefined> {
  const disk = await smallDisk(t, mib);
  if (!disk) return undefined;
  const site = await openSite(t, { DATA_DIR: disk.folder, STORE_RESERVE_BYTES: '0', ...env });
  return { site, disk };
}

/** A profile with one file that does not shrink. */
async function profileOf(site: Site, content: Buffer): Promise<void> {
  await putImage(site, image);
  const id = await site.imported('SOFTWARE', 'noise.tar.gz', content);
  await site.profile(`${image}|${image}-x86_64-install-Minimal`, 'web', { software: [id] });
}

/** A tar.gz that does not shrink any more, of about this many bytes. */
function noise(bytes: number): Buffer {
  const tar = [memberHeader('noise', bytes), randomBytes(bytes), padding(bytes), Buffer.alloc(1024)];
  return gzipSync(Buffer.concat(tar), { level: 0 });
}

const announce = ({ context }: Site, fileSize: number, imageType = 'SOFTWARE') =>
  createImport(context, { imageType, fileSize, user, requestId: '' });

async function jobCount({ db }: Site): Promise<number> {
  return (await db.query<{ count: number }>('select count(*) from jobs')).rows[0]!.count;
}

/** All files of the store but those in `blobs`, which other jobs have. */
async function leftovers({ context }: Site): Promise<string[]> {
  const lists = await Promise.all(
    ['staging', 'exports'].map((folder) => readdir(join(context.store.root, folder), { recursive: true })),
  );
  return lists.flat().filter((name) => /\./.test(name) || /^\d+-\d+$/.test(name));
}

async function blobFiles({ context }: Site): Promise<string[]> {
  const names = await readdir(join(context.store.root, 'blobs'), { recursive: true });
  return names.filter((name) => name.includes('/'));
}

/** Waits for the first file below `folder` that has bytes, and fills the disk in the same turn. */
async function fillOnceWritten(
  disk: SmallDisk,
  folder: string,
  before: readonly string[] = [],
): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    const names = readdirSync(folder, { recursive: true }).map(String);
    const growing = names.find((name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false });
      return !before.includes(name) && found?.isFile() && found.size > 0;
    });
    if (growing !== undefined) return disk.fill();
    await turn();
  }
  throw new Error(`nothing was written below ${folder}`);
}

const sentence =
  /^Not enough space: \d+ bytes are needed, \d+ are available on the store, \d+ could be freed\.$/;

t.test('what cannot fit is refused before it starts', async (t) => {
  const small = await smallSite(t, 24);
  if (!small) return;
  const { site } = small;
  await profileOf(site, noise(6 * MIB));

  const jobs = await jobCount(site);
  const refused = await announce(site, 12 * MIB).catch((error: unknown) => error as Problem);
  t.match(refused, {
    code: 'no_space',
    message: sentence,
    recovery: /store gc.*store retention/,
    params: { needed: importClaim(12 * MIB), reclaimable: 0 },
  });
  t.equal(await jobCount(site), jobs, 'no job was made');

  const first = await site.export(webId);
  t.ok(first.length > 6 * MIB);
  const { available } = await spaceUsage(site.db, site.context.store);
  t.ok((await site.export(webId)).length === first.length, 'a second one fits');
  const third = await site.export(webId).catch((error: unknown) => error as Problem);
  t.match(third, { code: 'no_space', params: { needed: first.length } }, 'a third one does not');
  const left = Number((third as Problem).params.available);
  t.ok(left < first.length && left > available - first.length - MIB, 'what is left is told');
  t.strictSame((await leftovers(site)).length, 2, 'two archives and nothing else');

  // Content nothing refers to counts as what can be freed.
  await site.db.query('delete from profile_files');
  await site.db.query('delete from files');
  await site.db.query('delete from job_blobs');
  const freeable = (await announce(site, 12 * MIB).catch((error: unknown) => error)) as Problem;
  const reclaimable = Number(freeable.params.reclaimable);
  t.ok(reclaimable >= 6 * MIB && reclaimable < 7 * MIB, `${reclaimable} bytes could be freed`);
});

t.test('jobs do not count on the same bytes', async (t) => {
  const small = await smallSite(t, 32);
  if (!small) return;
  const { site } = small;
  const { db, context } = site;
  const asked = await Promise.allSettled(Array.from({ length: 8 }, () => announce(site, 6 * MIB)));
  const accepted = asked.filter((one) => one.status === 'fulfilled').map((one) => one.value.jobId);
  t.equal(accepted.length, 2, 'as many as fit, also at the same moment');
  for (const one of asked) if (one.status === 'rejected') t.match(one.reason, { code: 'no_space' });

  const [first = '', second = ''] = accepted;
  t.match(await spaceUsage(db, context.store), { claimed: 2 * importClaim(6 * MIB) });
  await cancelJobs(db, [first], user);
  await t.resolves(announce(site, 6 * MIB), 'what has ended claims nothing');
  await t.rejects(announce(site, 6 * MIB), { code: 'no_space' });
  // What is written is no longer free on the disk, and must not be counted twice.
  await saveClaim(db, second, { claimed: importClaim(6 * MIB), written: 6 * MIB });
  await t.resolves(announce(site, 2 * MIB));
});

t.test('the reserve stays free', async (t) => {
  const small = await smallSite(t, 16, { STORE_RESERVE_BYTES: String(12 * MIB) });
  if (!small) return;
  const { site } = small;
  await t.resolves(announce(site, MIB));
  await t.rejects(announce(site, 3 * MIB), { code: 'no_space' });
  t.match(await spaceUsage(site.db, site.context.store), { reserve: 12 * MIB });
});

t.test('the disk fills up', async (t) => {
  await t.test('before a job writes', async (t) => {
    const small = await smallSite(t, 48);
    if (!small) return;
    const { site, disk } = small;
    const content = noise(8 * MIB);
    const { jobId, stagingPath } = await announce(site, content.length);
    await writeFile(join(site.context.store.root, stagingPath), content);
    await startImport(site.context, jobId, { ...order, size: content.length }, user);
    disk.fill();
    t.match(await site.run(jobId), {
      state: 'StoppedWithError',
      error: { code: 'no_space', text: sentence },
    });
    t.strictSame([await leftovers(site), await blobFiles(site)], [[], []]);
  });

  await t.test('while a file is packed', async (t) => {
    const small = await smallSite(t, 80);
    if (!small) return;
    const { site, disk } = small;
    const importing = site.import('SOFTWARE', 'noise.tar.gz', noise(32 * MIB));
    await fillOnceWritten(disk, join(site.context.store.root, 'blobs'));
    t.match(await importing, { state: 'StoppedWithError', error: { code: 'no_space', text: sentence } });
    t.strictSame([await leftovers(site), await blobFiles(site)], [[], []]);
    t.match(await spaceUsage(site.db, site.context.store), { claimed: 0 });
  });

  await t.test('while an archive is written', async (t) => {
    const small = await smallSite(t, 100);
    if (!small) return;
    const { site, disk } = small;
    await profileOf(site, noise(32 * MIB));
    const exporting = site.export(webId).catch((error: unknown) => String(error));
    await fillOnceWritten(disk, join(site.context.store.root, 'exports'));
    t.match(await exporting, /no_space.*Not enough space: \d+ bytes are needed, \d+ are available/);
    t.strictSame(await leftovers(site), []);
    const { rows } = await site.db.query('select from archives');
    t.equal(rows.length, 0);
  });
});

t.test('from a remote file server', async (t) => {
  const small = await smallSite(t, 24);
  if (!small) return;
  const { site } = small;
  const content = noise(16 * MIB);
  const server = createServer((request, response) => {
    // One path tells its length, the other does not.
    if (request.url === '/known.tar.gz') response.setHeader('content-length', content.length);
    response.write(content);
    response.end();
  });
  t.teardown(() => void server.close());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const serverId = await addServer(site, (server.address() as AddressInfo).port);
  for (const path of ['/known.tar.gz', '/unknown.tar.gz']) {
    const { jobId } = await announce(site, 0);
    await startImport(site.context, jobId, { ...order, size: 0, serverId, path }, user);
    const job = await site.run(jobId);
    t.match(job, { state: 'StoppedWithError', error: { code: 'no_space', text: sentence } }, path);
    t.strictSame([await leftovers(site), await blobFiles(site)], [[], []], path);
  }
  // Accepted while there was room, handed over when there is none.
  const { jobId } = await announce(site, 2 * MIB);
  const other = await announce(site, 8 * MIB);
  await saveClaim(site.db, other.jobId, { claimed: 24 * MIB, written: 0 });
  const handing = startImport(site.context, jobId, { ...order, size: 0, serverId, path: '/x.tar.gz' }, user);
  await t.rejects(handing, { code: 'no_space' });
  t.match(await findJobs(site.db, [jobId]), [{ state: 'Pending' }]);
});

async function addServer({ db }: Site, port: number): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `insert into servers (id, display_name, address, port, protocol, created_by, modified_by)
     values ('1', 'small', '127.0.0.1', $1, 'HTTP', 'x', 'x') returning id`,
    [port],
  );
  return rows[0]!.id;
}

t.test('a quota counts content, archives and what jobs may take', async (t) => {
  const quota = 20 * MIB;
  const site = await openSite(t, { STORE_QUOTA_BYTES: String(quota), STORE_RESERVE_BYTES: '0' });
  const told = { code: 'quota_exceeded', params: { quota } };
  const content = noise(5 * MIB);
  await profileOf(site, content);
  await t.rejects(announce(site, 8 * MIB), {
    ...told,
    message: /of the store .*: \d+ bytes are needed, \d+ of 20971520 are available, 0 could be freed\.$/,
    recovery: /STORE_QUOTA_BYTES/,
  });
  await site.export(webId);
  await site.export(webId);
  await t.rejects(site.export(webId), told, 'archives count');

  // A file whose size nobody announced.
  const job = await site.import('SOFTWARE', 'more.tar.gz', noise(6 * MIB));
  t.match(job, { state: 'StoppedWithError', error: { code: 'quota_exceeded' } });
  t.strictSame((await blobFiles(site)).length, 2, 'of the profile and its image');
  await t.resolves(announce(site, MIB));

  // What is here already takes nothing, also when nothing is left.
  const again = await site.import('SOFTWARE', 'again.tar.gz', content);
  t.match(again, { state: 'Complete' });
});

t.test('what an archive claims to hold is claimed before it is unpacked', async (t) => {
  const there = await openSite(t);
  await profileOf(there, noise(6 * MIB));
  const archive = await there.export(webId);
  const small = await smallSite(t, 11);
  if (!small) return;
  const { site } = small;
  await putImage(site, image);
  const before = await blobFiles(site);
  const job = await site.import('OSPROFILE', 'web.tar.gz', archive);
  t.match(job, { state: 'StoppedWithError', error: { code: 'no_space', text: sentence } });
  t.strictSame([await leftovers(site), await blobFiles(site)], [[], before]);
  const check = await site.import('OSPROFILE', 'web.tar.gz', archive, { check: true });
  t.match(check, { state: 'Complete' }, 'a check needs no space beyond the archive');
});
