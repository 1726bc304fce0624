/** The faults of a random run: what each one does, how long it lasts, and that it is over at the end. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Member } from './member.ts';
import type { Action, Step } from './schedule.ts';
import type { Stack } from './stack.ts';

export interface Fault {
  /** To whom it happens; one thing at a time happens to each. */
  readonly target: string;
  /** Does it and undoes it. */
  run(): Promise<void>;
}

/** What `step` does to the stack; undefined where it is not a fault. */
export function faultOf(stack: Stack, step: Step): Fault | undefined {
  const { cluster, proxies, disk } = stack;
  const { choice, lastsMs } = step;
  const chosen = (members: readonly Member[]): Member => members[Math.floor(choice * members.length)]!;
  const restart = (members: readonly Member[], signal: NodeJS.Signals): Fault => {
    const member = chosen(members);
    return { target: member.name, run: () => member.restart(signal, lastsMs) };
  };
  const link = (name: keyof Stack['proxies'], how: 'cut' | 'silence'): Fault => ({
    target: `link of ${name}`,
    async run() {
      proxies[name][how](true);
      await pause(lastsMs);
      proxies[name][how](false);
    },
  });
  const faults: Partial<Record<Action, () => Fault>> = {
    'kill -9 a packager': () => restart(stack.packagers, 'SIGKILL'),
    'SIGSTOP a packager': () => {
      const member = chosen(stack.packagers);
      return { target: member.name, run: () => member.freeze(lastsMs) };
    },
    'restart a packager': () => restart(stack.packagers, 'SIGTERM'),
    'kill -9 a gateway': () => restart(stack.gateways, 'SIGKILL'),
    'restart a gateway': () => restart(stack.gateways, 'SIGTERM'),
    'kill -9 PostgreSQL': () => ({ target: 'PostgreSQL', run: () => cluster.kill() }),
    'restart PostgreSQL': () => ({ target: 'PostgreSQL', run: () => cluster.restart() }),
    'cut the gateways off PostgreSQL': () => link('gateways', 'cut'),
    'cut the packagers off PostgreSQL': () => link('packagers', 'cut'),
    'silence between the packagers and PostgreSQL': () => link('packagers', 'silence'),
    'cut off the file server': () => link('sftp', 'cut'),
    'silence from the file server': () => link('sftp', 'silence'),
    'fill the disk': () => ({
      target: 'disk',
      async run() {
        disk?.fill();
        await pause(lastsMs);
        disk?.free();
      },
    }),
  };
  return faults[step.action]?.();
}
