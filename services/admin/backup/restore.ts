/**
 * Puts a backup into an installation that has nothing yet. Everything is checked and lies beside its place before the
 * database gets its rows in one transaction; the files take their places just before that is committed.
 */
import { chown, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { freeBytes } from '@osimage/blob-store';
import { loadDump, requireEmptyDatabase } from '@osimage/database';
import { isDatabaseAway, Problem, systemCode } from '@osimage/errors';
import { keyIdsIn, keysText, placeKeys } from '@osimage/secrets';
import type { Settings } from '@osimage/settings';
import { certificateName, damaged, readPiece, secretKeyName } from './layout.ts';
import { type Backup, piecesOf, tableRows, takePiece } from './open.ts';

const folders = ['blobs', 'staging', 'exports'];
/** In the store's folder, which may be a disk of its own: renaming must work from there. */
const besides = '.restoring';

export interface RestoreOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Throws Problem restore_not_empty when DATA_DIR holds anything of an installation but a database. */
export async function requireEmptyFolder({ DATA_DIR }: Settings): Promise<void> {
  for (const name of ['secret.key', 'gateway-tls.pem', ...folders.map((folder) => join('store', folder))]) {
    if (await holdsFile(join(DATA_DIR, name)))
      throw new Problem('restore_not_empty', { detail: `DATA_DIR has something already (${name})` });
  }
}

async function holdsFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return found !== undefined;
  for (const name of await readdir(path)) if (await holdsFile(join(path, name))) return true;
  return false;
}

/** Checks everything but the store's files, which are checked as they are copied. Throws Problem backup_damaged. */
export async function checkParts(backup: Backup, signal: AbortSignal): Promise<void> {
  for (const path of [...piecesOf(backup, 'database'), ...piecesOf(backup, 'keys')])
    await takePiece(backup, path, signal);
}

/**
 * Where SECRET_KEY is set, the keys of the backup must be among those of the settings: what it holds could not be read
 * otherwise. Throws Problem secret_key_unusable.
 */
export async function requireKeys(backup: Backup, settings: Settings): Promise<void> {
  if (settings.SECRET_KEY === undefined || !backup.sums.has(secretKeyName)) return;
  const given = keyIdsIn(keysText(settings) ?? '', 'SECRET_KEY');
  const text = (await readPiece(backup.folder, secretKeyName)).toString();
  const lacking = [...keyIdsIn(text, 'the backup')].filter((id) => !given.has(id));
  if (lacking.length > 0)
    throw new Problem('secret_key_unusable', {
      detail: `the backup needs the key ${lacking.join(', ')}, which is neither in SECRET_KEY nor in SECRET_KEY_OLD`,
    });
}

/** Restores into the database at `url` and DATA_DIR. Gives the names of tables that were left out. */
export async function restore(
  backup: Backup,
  settings: Settings,
  url: string,
  options: RestoreOptions,
): Promise<string[]> {
  const store = join(settings.DATA_DIR, 'store');
  const staged = join(store, besides);
  // Asked again when its tables are locked; now, because copying takes long.
  await requireEmptyDatabase(url, backup.contents.migrations);
  await mkdir(settings.DATA_DIR, { recursive: true, mode: 0o700 });
  // What a restore that was killed has left.
  await rm(staged, { recursive: true, force: true });
  let placed = false;
  try {
    for (const folder of folders) await mkdir(join(staged, folder), { recursive: true, mode: 0o700 });
    await requireSpace(backup, staged);
    await takeStore(backup, staged, options);
    const rows = ({ name }: { name: string }) => tableRows(backup, name);
    return await loadDump(url, { ...backup.contents, rows }, async () => {
      options.signal.throwIfAborted();
      placed = true;
      await place(backup, settings, store, staged);
    });
  } catch (error) {
    // A commit whose answer was lost may have happened: then the files are needed.
    if (placed && !isDatabaseAway(error)) await remove(settings, store);
    if (systemCode(error) === 'ENOSPC') throw await noSpace(backup, settings.DATA_DIR, error);
    throw error;
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

async function takeStore(
  backup: Backup,
  staged: string,
  { signal, onProgress }: RestoreOptions,
): Promise<void> {
  let done = 0;
  for (const path of piecesOf(backup, 'store')) {
    const { bytes } = await takePiece(backup, path, signal, join(staged, path.slice('store/'.length)));
    done += bytes;
    onProgress?.(done, backup.manifest.bytes);
  }
}

async function place(backup: Backup, settings: Settings, store: string, staged: string): Promise<void> {
  const { DATA_DIR } = settings;
  await giveToOwner(DATA_DIR, staged);
  for (const folder of folders) {
    // Made by a service's start, and empty.
    await rm(join(store, folder), { recursive: true, force: true });
    await rename(join(staged, folder), join(store, folder));
  }
  if (settings.SECRET_KEY === undefined && backup.sums.has(secretKeyName)) {
    await placeKeys(DATA_DIR, (await readPiece(backup.folder, secretKeyName)).toString());
    await giveToOwner(DATA_DIR, join(DATA_DIR, 'secret.key'));
  }
  if (backup.sums.has(certificateName)) {
    const certificate = join(DATA_DIR, 'gateway-tls.pem');
    await takePiece(backup, certificateName, new AbortController().signal, certificate);
    await giveToOwner(DATA_DIR, certificate);
  }
  await giveToOwner(DATA_DIR, store, false);
}

/** As root: what was made belongs to whom DATA_DIR belongs, for the services run as that user. */
async function giveToOwner(dataDir: string, path: string, deep = true): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(dataDir);
  await chown(path, uid, gid);
  if (!deep || !(await stat(path)).isDirectory()) return;
  for (const name of await readdir(path)) await giveToOwner(dataDir, join(path, name));
}

async function remove({ DATA_DIR }: Settings, store: string): Promise<void> {
  for (const folder of folders) await rm(join(store, folder), { recursive: true, force: true });
  for (const name of ['secret.key', 'gateway-tls.pem']) await rm(join(DATA_DIR, name), { force: true });
}

async function requireSpace(backup: Backup, staged: string): Promise<void> {
  if (!Number.isSafeInteger(backup.manifest.bytes)) throw damaged('manifest.json', 'has no number of bytes');
  if (backup.manifest.bytes > (await freeBytes(staged))) throw await noSpace(backup, staged);
}

async function noSpace({ manifest }: Backup, folder: string, cause?: unknown): Promise<Problem> {
  const params = {
    needed: manifest.bytes,
    available: await freeBytes(folder),
    where: 'the disk of DATA_DIR',
  };
  return new Problem('no_space', { ...params, reclaimable: 0 }, { cause });
}
