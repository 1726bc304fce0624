/**
 * Where the embedded database of one DATA_DIR lies: DATA_DIR/postgres when the account that runs it can
 * go there, else a folder of its own under /var/lib/osimage-export that DATA_DIR/postgres points to.
 */
import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, canReach, chooseAccount, ownerOf } from './account.ts';
import { EmbeddedDatabaseError } from './problem.ts';

/** What lies outside DATA_DIR lies here. */
export const systemFolder = '/var/lib/osimage-export';

// sun_path holds 108 bytes with its NUL.
const longestSocketPath = 107;
const socketName = '.s.PGSQL.5432';

export interface Place {
  /** Owned by the account, mode 0700. */
  readonly folder: string;
  readonly cluster: string;
  readonly sockets: string;
  readonly log: string;
  /** Who runs PostgreSQL; undefined: this process's own user. */
  readonly account: Account | undefined;
}

/** Finds or makes the place; `dataDir` is absolute and exists. */
export async function preparePlace(dataDir: string): Promise<Place> {
  const link = join(dataDir, 'postgres');
  const existing = await realpath(link).catch(() => undefined);
  let account: Account | undefined;
  let folder: string;
  if (existing === undefined) {
    if (await isLink(link))
      throw new EmbeddedDatabaseError(
        `${link} points to an embedded database that is gone; remove the link to begin anew`,
      );
    account = await chooseAccount();
    folder = await makeFolder(dataDir, link, account);
  } else {
    account = await ownerOf(existing);
    folder = existing;
    if (account && !(await canReach(folder, account, 'write')))
      throw new EmbeddedDatabaseError(
        `the account ${account.name} runs the embedded database and cannot reach ${folder}; open the folders above it (chmod a+x)`,
      );
  }
  return {
    folder,
    account,
    cluster: join(folder, 'cluster'),
    log: join(folder, 'postgres.log'),
    sockets: await socketFolder(folder, account),
  };
}

/** Removes the embedded database of `dataDir`, wherever it lies. Nothing may be running on it. */
export async function removePlace(dataDir: string): Promise<void> {
  const link = join(dataDir, 'postgres');
  const folder = await realpath(link).catch(() => undefined);
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  await rm(link, { recursive: true, force: true });
}

async function makeFolder(dataDir: string, link: string, account: Account | undefined): Promise<string> {
  if (!account || (await canReach(dataDir, account, 'execute'))) {
    await mkdir(link, { mode: 0o700 });
    await giveTo(link, account);
    return realpath(link);
  }
  await mkdir(systemFolder, { recursive: true, mode: 0o755 });
  await chmod(systemFolder, 0o755);
  // A random end, so that a DATA_DIR that was deleted and made again does not meet its old database.
  const folder = await mkdtemp(join(systemFolder, `${digest(dataDir)}-`));
  // For whoever finds the folder after its DATA_DIR was deleted.
  await writeFile(join(folder, 'data-dir'), `${dataDir}\n`);
  await giveTo(folder, account);
  await symlink(folder, link);
  return folder;
}

async function socketFolder(folder: string, account: Account | undefined): Promise<string> {
  if (Buffer.byteLength(join(folder, socketName)) <= longestSocketPath) return folder;
  // The same name at every start, so that services find a restarted database again.
  const short = join(tmpdir(), `osimage-${digest(folder)}`);
  await mkdir(short, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const owner = account?.uid ?? process.getuid?.();
  const found = await lstat(short);
  if (found.uid === process.getuid?.()) await giveTo(short, account);
  else if (found.uid !== owner || !found.isDirectory() || (found.mode & 0o077) !== 0)
    throw new EmbeddedDatabaseError(
      `${short} is needed for the database's socket and belongs to somebody else; use a shorter DATA_DIR`,
    );
  return short;
}

async function giveTo(folder: string, account: Account | undefined): Promise<void> {
  await chmod(folder, 0o700);
  if (account) await chown(folder, account.uid, account.gid);
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSymbolicLink() ?? false;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
