/** Installations to back up, and empty ones to restore into. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addContent, type Blob, type BlobStore, openStore } from '@osimage/blob-store';
import { type Database, insertFile, openDatabase, type Queryable, takeId } from '@osimage/database';
import { loadSecretKey, seal } from '@osimage/secrets';
import type { Test } from 'tap';
import { adminFor } from './admin.ts';
import { createEmptyDatabase, createTestDatabase } from './database.ts';
import { addArchive } from './image-rows.ts';

export interface Place {
  readonly db: Database;
  readonly store: BlobStore;
  readonly env: { DATABASE_URL: string; DATA_DIR: string };
  readonly admin: ReturnType<typeof adminFor>;
  /** For backups. */
  readonly out: string;
}

/** An installation with one archive, two files and a stored password, in a folder of its own or the one given. */
export async function prepareInstallation(
  t: Test,
  place?: string,
): Promise<Place & { archive: { path: string }; blob: Blob }> {
  const { url, db } = await createTestDatabase(t);
  const folder = place ?? (await temporaryFolder(t));
  const env = { DATABASE_URL: url, DATA_DIR: join(folder, 'data') };
  const store = await openStore(join(env.DATA_DIR, 'store'));
  const blob = await addContent(store, db, randomBytes(2_500_000), asFile('a'));
  await addContent(store, db, Buffer.from('b'), asFile('b'));
  const archive = await addArchive(db, store.root, 'x.tar.gz', randomBytes(5_000));
  await db.query(`update jobs set state = 'Complete', ended_at = now()`);
  const ring = await loadSecretKey(env);
  await db.query(`insert into setting_secrets values ('licence/X', $1)`, [
    seal(ring, 'secret', 'settings/licence/X'),
  ]);
  return { db, store, env, admin: adminFor(env), out: join(folder, 'out'), archive, blob };
}

export const asFile = (id: string) => async (tx: Queryable, blob: Blob) => {
  await takeId(tx, id, 'file');
  const words = { name: id, description: '', os: '', osrelease: '', type: '', createdBy: 'x' };
  await insertFile(tx, { id, kind: 'driver', ...words, size: blob.rawSize, sha256: blob.sha256 });
  return blob;
};

/** A folder with the folders data and out. */
export async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-backup-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const name of ['data', 'out']) await mkdir(join(folder, name));
  return folder;
}

/** An installation that has nothing yet. */
export async function emptyInstallation(t: Test) {
  const env = {
    DATABASE_URL: await createEmptyDatabase(t),
    DATA_DIR: join(await temporaryFolder(t), 'data'),
  };
  return { env, admin: adminFor(env) };
}

export async function rowsIn(t: Test, url: string, query: string): Promise<unknown[]> {
  const db = openDatabase(url, { name: 'test' });
  t.teardown(() => db.close());
  return (await db.query(query)).rows;
}

export async function spoil(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  // A file of its own: the backup's may be the store's.
  await rm(path);
  await writeFile(path, bytes, { mode: 0o600 });
}

/** Changes contents.json as if it had been written so. */
export async function rewriteContents(
  folder: string,
  change: (contents: { migrations: string[] }) => void,
): Promise<void> {
  const path = join(folder, 'contents.json');
  const before = await readFile(path, 'utf8');
  const contents = JSON.parse(before);
  change(contents);
  const after = JSON.stringify(contents);
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const sums = (await readFile(join(folder, 'SHA256SUMS'), 'utf8')).replace(digest(before), digest(after));
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  await writeFile(path, after);
  await writeFile(join(folder, 'SHA256SUMS'), sums);
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, sums: digest(sums) }));
}
