/**
 * Makes a backup while everything runs. The order is what makes it consistent: first nobody may remove files of the store,
 * then one moment of the database is read, then the files that the rows of that moment need are taken. They are never
 * changed in place, so whatever is imported, exported or deleted meanwhile has no part in it.
 */
import { createReadStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { freeBytes } from '@osimage/blob-store';
import {
  appliedMigrations,
  type Database,
  findInstallation,
  holdSecretKey,
  listSequences,
  listTables,
  openSnapshot,
  type Queryable,
  readSealed,
  type Snapshot,
  tableBytes,
  tryHoldFiles,
} from '@osimage/database';
import { Problem, systemCode } from '@osimage/errors';
import { keyIdOf, keyIdsIn, keysText } from '@osimage/secrets';
import type { Settings } from '@osimage/settings';
import { create } from './copy-file.ts';
import { certificateName, type Damage, secretKeyName, tablePath } from './layout.ts';
import { findPrevious, type Previous } from './previous.ts';
import { copyStore, parseNeeded, type StoreCopied, tryLink } from './store-files.ts';
import { BackupWriter } from './writer.ts';

export interface Made extends StoreCopied {
  readonly folder: string;
  readonly tables: number;
  readonly damaged: Damage[];
}

export interface MakeOptions {
  readonly signal: AbortSignal;
  /** Told the bytes of the store that are done, and all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Somebody who removes files is waited for. */
const waitMs = 60_000;
const askEveryMs = 100;
const listName = 'files.list';

/**
 * Makes a backup in the folder `final`, which is there when it is whole and not before. Throws Problem backup_place,
 * store_busy, no_space, secret_key_unusable, or the signal's reason; then nothing is left.
 */
export async function makeBackup(
  db: Database,
  settings: Settings,
  final: string,
  options: MakeOptions,
): Promise<Made> {
  const writer = await BackupWriter.begin(final, join(settings.DATA_DIR, 'store'));
  try {
    const made = await db.transaction((hold) => write(db, hold, settings, writer, options), {
      patient: true,
    });
    await writer.publish();
    return { ...made, folder: final };
  } catch (error) {
    await writer.abandon();
    if (systemCode(error) !== 'ENOSPC') throw error;
    throw noSpace('more', await freeBytes(dirname(final)), final);
  }
}

async function write(
  db: Database,
  hold: Queryable,
  settings: Settings,
  writer: BackupWriter,
  { signal, onProgress }: MakeOptions,
): Promise<Omit<Made, 'folder'>> {
  const root = join(settings.DATA_DIR, 'store');
  await holdFiles(hold, signal);
  const { snapshot, keys } = await openWithKeys(db, settings, signal);
  const list = join(writer.folder, listName);
  try {
    const { uuid } = await findInstallation(snapshot.db);
    await requireKeys(snapshot.db, keys);
    await saveList(snapshot, list, signal);
    const previous = await findPrevious(writer.final, uuid);
    const total = await requireSpace(snapshot.db, { root, list, writer, previous });
    const tables = await listTables(snapshot.db);
    const migrations = await appliedMigrations(snapshot.db);
    for (const table of tables) await writer.pack(tablePath(table.name), snapshot.rows(table), signal);
    // Sequences have no past: read last, they are never behind the rows.
    const sequences = await listSequences(snapshot.db);
    await snapshot.close();
    await saveKeys(writer, settings, keys);
    let done = 0;
    const onBytes = (bytes: number) => {
      done += bytes;
      onProgress?.(done, total);
    };
    const copied = await copyStore({ root, writer, previous, signal, onBytes }, linesOf(list));
    await rm(list);
    // Had the connection been lost meanwhile, files may have gone.
    await hold.query('select 1');
    await writer.finish(uuid, { migrations, tables, sequences, damaged: copied.damaged });
    return { ...copied, tables: tables.length };
  } finally {
    await snapshot.close();
  }
}

async function holdFiles(hold: Queryable, signal: AbortSignal): Promise<void> {
  for (const end = Date.now() + waitMs; !(await tryHoldFiles(hold)); ) {
    if (Date.now() > end) throw new Problem('store_busy');
    await pause(askEveryMs, undefined, { signal });
  }
}

/** The keys, and the moment they fit: nobody replaces a key between the two. */
async function openWithKeys(db: Database, settings: Settings, signal: AbortSignal) {
  return await db.transaction(async (tx) => {
    await holdSecretKey(tx);
    const keys = keysText(settings);
    return { keys, snapshot: await openSnapshot(db.url, signal) };
  });
}

/** With another DATA_DIR than the services', the backup would lack what opens its secrets. */
async function requireKeys(db: Queryable, keys: string | undefined): Promise<void> {
  const known = keys === undefined ? new Set<string>() : keyIdsIn(keys, 'the secret key');
  const lacking = (await readSealed(db)).find(({ sealed }) => !known.has(keyIdOf(sealed) ?? ''));
  if (lacking)
    throw new Problem('secret_key_unusable', {
      detail: `the key that ${lacking.place} is encrypted with is not here; DATA_DIR and SECRET_KEY must be those of the services`,
    });
}

async function saveList(snapshot: Snapshot, list: string, signal: AbortSignal): Promise<void> {
  const file = await create(list);
  await pipeline(snapshot.files(), file.createWriteStream(), { signal });
}

function linesOf(list: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(list), crlfDelay: Number.POSITIVE_INFINITY });
}

/** Gives the bytes of all files; throws Problem no_space when those that must be copied do not fit. */
async function requireSpace(
  db: Queryable,
  place: { root: string; list: string; writer: BackupWriter; previous: Previous | undefined },
): Promise<number> {
  const { root, list, writer, previous } = place;
  let [total, needed] = [0, await tableBytes(db)];
  let links: boolean | undefined;
  for await (const line of linesOf(list)) {
    const { path, bytes } = parseNeeded(line);
    total += bytes;
    // Tried: of two folders mounted from one disk it is the same one, and yet there can be no link.
    links ??= await canLink(join(root, path), writer.folder);
    if (!links && previous?.digestOf(`store/${path}`) === undefined) needed += bytes;
  }
  const available = await freeBytes(writer.folder);
  if (needed > available) throw noSpace(needed, available, writer.final);
  return total;
}

/** Undefined when the file cannot tell, as it is missing. */
async function canLink(file: string, folder: string): Promise<boolean | undefined> {
  const probe = join(folder, 'probe');
  try {
    return await tryLink(file, probe);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  } finally {
    await rm(probe, { force: true });
  }
}

function noSpace(needed: number | string, available: number, folder: string): Problem {
  return new Problem('no_space', { needed, available, where: `the disk of ${folder}`, reclaimable: 0 });
}

async function saveKeys(writer: BackupWriter, settings: Settings, keys: string | undefined): Promise<void> {
  if (keys !== undefined) await writer.write(secretKeyName, keys);
  const certificate = await readFile(join(settings.DATA_DIR, 'gateway-tls.pem'), 'utf8').catch(
    () => undefined,
  );
  if (certificate !== undefined) await writer.write(certificateName, certificate);
}
