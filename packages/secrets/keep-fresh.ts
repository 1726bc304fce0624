/** What was read from files, read again when they are replaced: certificates are, while the service runs. */
import { stat } from 'node:fs/promises';
import { systemCode } from '@osimage/errors';

export interface Kept<Value> {
  /** What was read last without a failure. */
  readonly current: Value;
  /** Reads again now, whether or not a file changed. Throws nothing: see Told. */
  reload(): Promise<void>;
  /** Waits for a reading that goes on; none begins afterwards. */
  stop(): Promise<void>;
}

export interface Told<Value> {
  /** Something was read after the first time; it may be the same as before. */
  readonly renewed: (value: Value, before: Value) => void;
  /** It could not be read; what was read before stays. */
  readonly failed: (error: unknown) => void;
  /** How often the files are looked at, ms; 5,000 unless told. */
  readonly lookEveryMs?: number;
}

/**
 * How often the files are looked at. Change notifications of the system do not see files behind symbolic links
 * that are switched, nor on network disks.
 */
const lookEveryMs = 5_000;
/** They are read again this often even if none changed: what they hold expires. */
const readEveryMs = 6 * 3_600_000;

/** Reads with `read` (a failure of this first time is thrown) and again when one of the files changed. */
export async function keepFresh<Value>(
  paths: readonly string[],
  read: () => Promise<Value>,
  told: Told<Value>,
): Promise<Kept<Value>> {
  let seen = await look(paths);
  let readAt = Date.now();
  let current = await read();
  let running: Promise<void> = Promise.resolve();

  const reload = async () => {
    // Noted before: what changes while it is being read counts as another change.
    seen = await look(paths);
    readAt = Date.now();
    try {
      const value = await read();
      const before = current;
      current = value;
      told.renewed(value, before);
    } catch (error) {
      told.failed(error);
    }
  };
  const inTurn = (work: () => Promise<void>) => {
    running = running.then(work);
    return running;
  };
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    await inTurn(async () => {
      if (Date.now() - readAt > readEveryMs || (await look(paths)) !== seen) await reload();
    });
    looking = false;
  }, told.lookEveryMs ?? lookEveryMs);

  return {
    get current() {
      return current;
    },
    reload: () => inTurn(reload),
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

async function look(paths: readonly string[]): Promise<string> {
  const all = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
        (error) => String(systemCode(error)),
      ),
    ),
  );
  return all.join('\n');
}
