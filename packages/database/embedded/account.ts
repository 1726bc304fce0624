/**
 * Who runs PostgreSQL. It refuses to run as root, so root hands it to an account that exists anyway;
 * none is ever created.
 */
import { constants } from 'node:fs';
import { access, readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EmbeddedDatabaseError } from './problem.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const preferred = ['postgres', 'nobody'];

/** The account for PostgreSQL when this process is root; undefined when it runs as this user itself. */
export async function chooseAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = await listAccounts();
  const chosen = preferred.map((name) => accounts.find((account) => account.name === name)).find(Boolean);
  if (!chosen)
    throw new EmbeddedDatabaseError(
      'PostgreSQL does not run as root, and there is no account "postgres" or "nobody" to run it; start as another user or set DATABASE_URL',
    );
  return chosen;
}

/** The account that owns `folder`, for a cluster made earlier; undefined when that is this process's own. */
export async function ownerOf(folder: string): Promise<Account | undefined> {
  const { uid, gid } = await stat(folder);
  const self = process.getuid?.();
  if (uid === self && uid !== 0) return undefined;
  const name = (await listAccounts()).find((account) => account.uid === uid)?.name ?? String(uid);
  if (self !== 0 || uid === 0)
    throw new EmbeddedDatabaseError(
      `the embedded database in ${folder} belongs to ${name}; start as that user`,
    );
  return { name, uid, gid };
}

async function listAccounts(): Promise<Account[]> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  return lines.flatMap(([name, , uid, gid]) =>
    name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [],
  );
}

const bit = { read: 4, write: 2, execute: 1 } as const;

/**
 * Whether `account` (undefined: this process) may use `path` and go through every folder above it.
 * Judged by the mode bits; false when it does not exist.
 */
export async function canReach(
  path: string,
  account: Account | undefined,
  need: keyof typeof bit,
): Promise<boolean> {
  try {
    if (!account) {
      const mode = { read: constants.R_OK, write: constants.W_OK, execute: constants.X_OK }[need];
      await access(path, mode);
      return true;
    }
    const real = await realpath(path);
    if (!allows(await stat(real), account, bit[need])) return false;
    for (let folder = dirname(real); ; folder = dirname(folder)) {
      if (!allows(await stat(folder), account, bit.execute)) return false;
      if (folder === dirname(folder)) return true;
    }
  } catch {
    return false;
  }
}

function allows(file: { mode: number; uid: number; gid: number }, account: Account, need: number): boolean {
  const shift = file.uid === account.uid ? 6 : file.gid === account.gid ? 3 : 0;
  return ((file.mode >> shift) & need) === need;
}
