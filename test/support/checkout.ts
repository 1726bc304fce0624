/** A small checkout elsewhere: what a program needs of this one, with other owners and modes. */
import { chmod, cp, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/**
 * Copies the package `name`, all that it depends on, and the programs `files` (paths in this checkout) to
 * `folder`, as a clone made with `umask` would look.
 */
export async function copyCheckout(
  folder: string,
  name: string,
  files: readonly string[],
  umask: number,
): Promise<void> {
  const seen = new Set<string>();
  await mkdir(folder, { recursive: true });
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  await copyPackage(folder, name, seen);
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(root, file), join(folder, file));
  }
  await chmod(folder, 0o777 & ~umask);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const executable = entry.isDirectory() || (await stat(path)).mode & 0o100;
    await chmod(path, (executable ? 0o777 : 0o666) & ~umask);
  }
}

async function copyPackage(folder: string, name: string, seen: Set<string>): Promise<void> {
  if (seen.has(name)) return;
  seen.add(name);
  const from = join(root, 'node_modules', name);
  const text = await readFile(join(from, 'package.json'), 'utf8').catch(() => undefined);
  // An optional one of another platform.
  if (text === undefined) return;
  // Our own packages lie under packages/ and node_modules has links: Node strips no types below node_modules.
  if (name.startsWith('@osimage/')) {
    const own = join('packages', name.slice('@osimage/'.length));
    await cp(join(root, own), join(folder, own), { recursive: true });
    await mkdir(join(folder, 'node_modules/@osimage'), { recursive: true });
    await symlink(join('../..', own), join(folder, 'node_modules', name));
  } else {
    await cp(from, join(folder, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
  }
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(text) as {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  };
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
    await copyPackage(folder, needed, seen);
}
