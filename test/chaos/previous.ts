/**
 * The version before this one, as it was: its files from the history of this clone, with the modules of this one. Which
 * it is stands in the file previous-version; PREVIOUS_VERSION names another commit.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const own = '@osimage';

/**
 * Gives its folder, for `t`; undefined: skipped, with a note, for want of git or of any history. Throws, in one sentence,
 * where there is a history without that commit.
 */
export async function previousCheckout(t: Test): Promise<string | undefined> {
  const git = needTool(t, 'git');
  if (git === undefined) return undefined;
  const recorded = await readFile(join(import.meta.dirname, 'previous-version'), 'utf8');
  const commit = process.env.PREVIOUS_VERSION ?? recorded.trim();
  const ask = (...args: string[]) => run(git, ['-c', `safe.directory=${root}`, '-C', root, ...args]);
  const cut = await ask('rev-parse', '--is-shallow-repository').then(
    ({ stdout }) => stdout.trim() === 'true',
    () => true,
  );
  const here = await ask('cat-file', '-e', `${commit}^{commit}`).then(
    () => true,
    () => false,
  );
  if (!here && cut) {
    t.pass('no history', { skip: 'no history here (git fetch --unshallow brings it)' });
    return undefined;
  }
  if (!here) throw new Error(`the previous version, commit ${commit}, is not in the history of this clone`);
  const folder = await mkdtemp(join(tmpdir(), 'osimage-previous-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const archive = join(folder, 'previous.tar');
  await ask('archive', '--format=tar', '-o', archive, commit);
  await run('tar', ['-xf', archive, '-C', folder]);
  await linkModules(folder);
  return folder;
}

/** Other people's modules are those of this version; ours are its own. */
async function linkModules(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, own), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== own) await symlink(join(root, 'node_modules', name), join(modules, name));
  for (const part of ['packages', 'services']) {
    for (const name of await readdir(join(folder, part))) {
      if (!existsSync(join(folder, part, name, 'package.json'))) continue;
      await symlink(join('../..', part, name), join(modules, own, name));
    }
  }
}
