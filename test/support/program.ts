/** Programs that tests start: their lines, their end, and processes seen from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';

export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The next line of its standard output for which `wanted` is true; throws when it ends before. */
  line(wanted?: (line: string) => boolean): Promise<string>;
  /** Everything on standard error so far. */
  errors(): string;
  /** Waits for the end; gives the exit code or the signal. */
  ended(): Promise<number | NodeJS.Signals | null>;
}

export interface ProgramOptions {
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
  uid?: number | undefined;
  gid?: number | undefined;
  /** Instead of this Node. */
  command?: string;
}

/** Runs the TypeScript program `path`; what is left of it is killed at the end of `t`. */
export function runProgram(t: Test, path: string, options: ProgramOptions = {}): Program {
  const child = spawn(options.command ?? process.execPath, [path, ...(options.args ?? [])], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    ...(options.uid !== undefined && { uid: options.uid }),
    ...(options.gid !== undefined && { gid: options.gid }),
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  child.stdin.on('error', () => {});
  const lines: string[] = [];
  let errors = '';
  let changed = Promise.withResolvers<void>();
  let over = false;
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      lines.push(line);
      change();
    })
    .on('close', () => {
      over = true;
      change();
    });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await closed;
  });
  return {
    child,
    pid: child.pid ?? 0,
    errors: () => errors,
    ended: async () => {
      const [code, signal] = await closed;
      return code ?? signal;
    },
    async line(wanted = () => true) {
      for (;;) {
        const found = lines.findIndex(wanted);
        if (found >= 0) return lines.splice(0, found + 1).at(-1) ?? '';
        if (over) throw new Error(`${path} ended without the line that was waited for; it said:\n${errors}`);
        await changed.promise;
      }
    },
  };
}

/** Whether a process lives (one that only waits to be collected does not). */
export function isAlive(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}
