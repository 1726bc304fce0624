/** Long commands: how they are stopped, and how they show how far they are. */
import { sizeText } from './units.ts';

const showEveryMs = 200;

/** Stopping loses nothing: the command ends in order and says how far it came. */
function stopOnSignal(): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.once(name, stop);
  return {
    signal: controller.signal,
    end: () => {
      for (const name of signals) process.off(name, stop);
    },
  };
}

/** Runs long work that can be stopped and, where a person watches, shows the bytes done of all. */
export async function runLong<Result>(
  work: (options: {
    signal: AbortSignal;
    onProgress?: (done: number, total: number) => void;
  }) => Promise<Result>,
): Promise<Result> {
  const stop = stopOnSignal();
  const show = process.stderr.isTTY ? { onProgress: progressLine() } : {};
  try {
    return await work({ signal: stop.signal, ...show });
  } finally {
    stop.end();
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}

function progressLine(): (done: number, total: number) => void {
  let shownAt = 0;
  return (done, total) => {
    if (performance.now() - shownAt < showEveryMs) return;
    shownAt = performance.now();
    const percent = total > 0 ? Math.min(100, Math.floor((100 * done) / total)) : 100;
    process.stderr.write(`\r\x1b[K${percent} %  ${sizeText(done)} of ${sizeText(total)}`);
  };
}
