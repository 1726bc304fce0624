/** How much memory a process needs while something is done. */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

const lookMs = 20;

/** Does the work; gives its result and the most resident memory of the process above what it had before, bytes. */
export async function withMemory<Result>(
  pid: number,
  work: () => Promise<Result>,
): Promise<{ result: Result; above: number }> {
  const idle = await residentBytes(pid);
  let most = idle;
  let done = false;
  const watching = (async () => {
    while (!done) {
      most = Math.max(most, await residentBytes(pid));
      await pause(lookMs);
    }
  })();
  try {
    const result = await work();
    return { result, above: most - idle };
  } finally {
    done = true;
    await watching;
  }
}

async function residentBytes(pid: number): Promise<number> {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
