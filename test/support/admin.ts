/** `npm run admin -- …` as scripts call it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { bareEnvironment } from './environment.ts';

export interface AdminRun {
  code: number | null;
  stdout: string;
  stderr: string;
}

export const adminMain = join(import.meta.dirname, '../../services/admin/main.ts');

/** Gives a function that runs one command with the settings `env`, and standard input `input`. */
export function adminFor(env: NodeJS.ProcessEnv) {
  return async (args: readonly string[], input = ''): Promise<AdminRun> => {
    const child = spawn(process.execPath, [adminMain, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...bareEnvironment(), ...env },
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { code, stdout, stderr };
  };
}
