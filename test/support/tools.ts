/** Programs of other people that a test wants: found on this machine, or the test is skipped. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Test } from 'tap';

// sshd is in sbin, which a user's PATH may lack.
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];

/** The absolute path of a program, or undefined. A library is asked for with its absolute path. */
export function findTool(name: string): string | undefined {
  if (isAbsolute(name)) return existsSync(name) ? name : undefined;
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/**
 * Gives the path of the program `name`. Where it is missing, the test `t` is skipped with a note, which
 * `npm test` repeats at its end, and undefined is given; with CI=true the test fails instead.
 */
export function needTool(t: Test, name: string): string | undefined {
  const found = findTool(name);
  if (found !== undefined) return found;
  if (process.env.CI === 'true') t.fail(`missing tool: ${name}`);
  else t.pass(`missing tool: ${name}`, { skip: `missing tool: ${name}` });
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
