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

/** Gives its folder, for `t`; undefined: skipped for want of git. Throws, in one sentence, without the history. */
export async function previousCheckout(t: Test): Promise<string | undefined> {
  const git = needTool(t, 'git');
  if (git === undefined) return undefined;
  const recorded = await readFile(join(import.meta.dirname, 'previous-version'), 'utf8');
  const commit = process.env.PREVIOUS_VERSION ?? recorded.trim();
  const ask = (...args: string[]) => run(git, ['-c', `safe.directory=${root}`, '-C', root, ...args]);
  await ask('cat-file', '-e', `${commit}^{commit}`).catch(() => {
    throw new Error(
      `the previous version, commit ${commit}, is not here: run this test in a clone with its history (git fetch --unshallow completes one)`,
    );
  });
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
