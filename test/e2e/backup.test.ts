/**
 * A running installation is backed up while it works, goes down, and comes back somewhere else: the same accounts, the same
 * secrets, the same bytes, and no job is forgotten. Once with the embedded database, once with one of its own.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanStore } from '@osimage/blob-store';
import { openDatabase, removeEmbedded, startEmbedded } from '@osimage/database';
import { Problem } from '@osimage/errors';
import t, { type Test } from 'tap';
import { buildSamples } from '../../samples/build.ts';
import { adminFor } from '../support/admin.ts';
import type { RestClient } from '../support/client.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startProxy } from '../support/proxy.ts';
import { makeSampleProfile } from '../support/sample-profile.ts';
import { type RunningServices, startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

interface Place {
  readonly database: TestDatabase;
  readonly dataDir: string;
  /** For the command. */
  readonly env: NodeJS.ProcessEnv;
}

interface Kind {
  /** An installation that has been there for a while. */
  old(t: Test): Promise<Place>;
  /** Settings of one that has nothing yet, and its database once it was restored. */
  fresh(t: Test): Promise<{ env: NodeJS.ProcessEnv; dataDir: string; open: () => Promise<TestDatabase> }>;
}

async function dataFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-backup-'));
  // Who runs PostgreSQL for root must get there.
  await chmod(folder, 0o711);
  t.teardown(async () => {
    await removeEmbedded(folder);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

async function openEmbedded(t: Test, dataDir: string): Promise<TestDatabase> {
  const { url, stop } = await startEmbedded({ dataDir, durable: false });
  t.teardown(stop);
  const db = openDatabase(url, { name: 'test' });
  t.teardown(() => db.close());
  return { url, db };
}

const embedded: Kind = {
  async old(t) {
    const dataDir = await dataFolder(t);
    return { dataDir, database: await openEmbedded(t, dataDir), env: { DATA_DIR: dataDir } };
  },
  async fresh(t) {
    const dataDir = await dataFolder(t);
    return { dataDir, env: { DATA_DIR: dataDir }, open: () => openEmbedded(t, dataDir) };
  },
};

const external: Kind = {
  async old(t) {
    const [dataDir, database] = [await dataFolder(t), await createTestDatabase(t)];
    return { dataDir, database, env: { DATA_DIR: dataDir, DATABASE_URL: database.url } };
  },
  async fresh(t) {
    const [dataDir, url] = [await dataFolder(t), await createEmptyDatabase(t)];
    const open = async () => {
      const db = openDatabase(url, { name: 'test' });
      t.teardown(() => db.close());
      return { url, db };
    };
    return { dataDir, env: { DATA_DIR: dataDir, DATABASE_URL: url }, open };
  },
};

/** The digest of each profile's archive, by the profile's id. */
async function exportAll(client: RestClient, profiles: readonly string[]): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (const id of profiles) {
    const task = await client.ended((await client.export(id)).jobID);
    digests.set(id, `${task.status} ${task.sha256}`);
  }
  return digests;
}

/** Imports, exports, deletions and collections, over and over until the signal aborts; gives how often each was done. */
async function keepBusy(
  { client, db }: RunningServices,
  store: string,
  profile: string,
  signal: AbortSignal,
) {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-busy-'));
  const done = { imports: 0, deletions: 0, exports: 0, cleanings: 0 };
  const again = async (what: () => Promise<unknown>) => {
    while (!signal.aborted) await what();
  };
  try {
    await Promise.all([
      again(async () => {
        const path = join(folder, 'some.sh');
        await writeFile(path, `#!/bin/sh\n# ${randomBytes(2_000).toString('hex')}\n`);
        const id = await client.imported({ imageType: 'SCRIPT', path, name: 'some.sh', os: 'rhels' });
        done.imports++;
        await client.ok('DELETE', `/osImages/${id}`, {});
        done.deletions++;
      }),
      again(async () => {
        const { jobID, filename } = await client.export(profile);
        await client.ended(jobID);
        done.exports++;
        await client.ok('DELETE', `/osImages/${filename}`, {});
      }),
      again(() =>
        cleanStore(db, { root: store }, { olderThanMs: 0 }).then(
          () => void done.cleanings++,
          (error: unknown) => {
            if (!(error instanceof Problem && error.code === 'store_busy')) throw error;
          },
        ),
      ),
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
  return done;
}

async function addServer(client: RestClient, port: number, server: { username: string; password: string }) {
  const { username, password } = server;
  const profile = { displayName: `server ${port}`, address: '127.0.0.1', port, protocol: 'SFTP' };
  const order = { ...profile, username, password };
  return (await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', order)).serverId;
}

t.test('with the embedded database', (t) => comesBack(t, embedded));
t.test('with a PostgreSQL of its own', (t) => comesBack(t, external));

async function comesBack(t: Test, kind: Kind): Promise<void> {
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  const proxy = await startProxy(t, sftp.port);
  const old = await kind.old(t);
  const store = join(old.dataDir, 'store');
  const services = await startServices(t, { database: old.database, env: { DATA_DIR: old.dataDir } });
  const { client } = services;
  const work = await mkdtemp(join(tmpdir(), 'osimage-backup-'));
  t.teardown(() => rm(work, { recursive: true, force: true }));

  await makeSampleProfile(client, await buildSamples(join(work, 'samples')));
  const { rows } = await services.db.query<{ id: string }>('select id from profiles order by id');
  const profiles = rows.map(({ id }) => id);
  const custom = profiles.find((id) => id.endsWith('-web'))!;
  const before = await exportAll(client, profiles);
  t.ok(before.size > 1, 'predefined ones and a customized one');
  const kept = await client.export(custom);
  const archive = await client.ended(kept.jobID);
  const serverId = await addServer(client, sftp.port, sftp);
  const out = encodeURIComponent(`${sftp.folder}/out/`);
  const reached = await client.ended(
    (await client.export(custom, `?serverId=${serverId}&path=${out}`)).jobID,
  );
  t.equal(reached.status, 'Complete', 'before the backup');

  // Two jobs that have not ended when the backup is made: one that runs, and one whose file has not come.
  const behind = await addServer(client, proxy.port, sftp);
  proxy.silence(true);
  const running = (await client.export(custom, `?serverId=${behind}&path=${out}`)).jobID;
  await client.watch(running, ({ status }) => status === 'Running');
  const waiting = await client.createImport('SCRIPT', 1_000);
  const session = await client.fetch('POST', '/sessions', {
    UserId: 'USERID',
    password: 'Passw0rd-of-the-tests',
  });
  const cookie = session.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const whoIsThere = (url: string) => fetch(`${url}/osImages`, { headers: { cookie } });
  t.equal((await whoIsThere(services.url)).status, 200);

  const stop = new AbortController();
  const busy = keepBusy(services, store, custom, stop.signal);
  const admin = adminFor(old.env);
  const [first, second] = [join(work, 'backups', 'one'), join(work, 'backups', 'two')];
  const run = await admin(['backup', first, '--json']);
  t.match(run, { code: 0, stderr: '' });
  const made = JSON.parse(run.stdout);
  t.match(made, { folder: first, damaged: [] });
  const again = await admin(['backup', second, '--json']);
  t.match(again, { code: 0, stderr: '' });
  stop.abort();
  t.comment(JSON.stringify(await busy));
  t.notMatch(run.stdout + (await services.logs()), sftp.password);

  const blobs = (await readdir(join(store, 'blobs'), { recursive: true })).filter((path) => path.length > 3);
  const there = await Promise.all(
    blobs.map(async (path) => [
      await inode(join(store, 'blobs', path)),
      await inode(join(second, 'store/blobs', path)),
    ]),
  );
  t.ok(
    there.filter(([a, b]) => a === b).length > 3,
    'what lies on the same disk is linked and takes no space',
  );
  for (const path of [
    second,
    join(second, 'keys'),
    join(second, 'keys/secret.key'),
    join(second, 'manifest.json'),
  ])
    t.equal((await stat(path)).mode & 0o077, 0, `${path} is for its owner alone`);
  t.match(await admin(['verify-backup', second]), { code: 0, stdout: /is whole/, stderr: '' });

  // The machine is lost.
  for (const { kill } of services.packagers) await kill('SIGKILL');
  await services.gateway.kill('SIGKILL');
  await rm(store, { recursive: true });
  await rm(first, { recursive: true });
  proxy.silence(false);

  const fresh = await kind.fresh(t);
  const restored = await adminFor(fresh.env)(['restore', second, '--json']);
  t.match(restored, { code: 0, stderr: '' });
  t.match(JSON.parse(restored.stdout), { damaged: [], leftOut: [] });
  const database = await fresh.open();
  await database.db.query('update jobs set lease_until = now() where lease_until is not null');
  const env = { DATA_DIR: fresh.dataDir, ADMIN_PASSWORD: 'not-the-one-it-had-1' };
  const revived = await startServices(t, { database, env });
  t.equal((await whoIsThere(revived.url)).status, 401, 'nobody is signed in any more');
  t.strictSame(
    await exportAll(revived.client, profiles),
    before,
    'the old password lets in, and every profile has its bytes',
  );
  const download = await revived.client.fetch('GET', `/osImages/${kept.filename}`);
  t.equal(download.status, 200, 'an archive from before is there');
  t.equal((await download.arrayBuffer()).byteLength, archive.size);

  t.match(
    await revived.client.ended(running),
    { status: 'Complete', sha256: archive.sha256 },
    'the running job ran again',
  );
  t.match(await revived.client.ended(waiting), { status: 'Interrupted' }, 'and the one without a file ended');
  const next = await revived.client.ended(
    (await revived.client.export(custom, `?serverId=${serverId}&path=${out}`)).jobID,
  );
  t.match(next, { status: 'Complete', sha256: archive.sha256 }, 'the stored password opens the file server');
  t.ok(Number(next.jobUID) > Number(waiting), 'numbers go on');
  const { rows: audit } = await database.db.query(
    `select action, outcome from audit where action like 'backup.%' order by id`,
  );
  t.strictSame(
    audit,
    [
      { action: 'backup.make', outcome: 'success' },
      { action: 'backup.restore', outcome: 'success' },
    ],
    'the first backup is in the trail that the second one holds',
  );
  await until(async () => {
    const { rows } = await database.db.query('select from jobs where ended_at is null');
    return rows.length === 0;
  });
}

async function inode(path: string): Promise<number | string> {
  return (await stat(path).catch(() => undefined))?.ino ?? path;
}
