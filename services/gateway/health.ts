/** Whether this gateway can serve, for load balancers and health checks (docs/operating.md). */
import type { GatewayServices } from './services.ts';

/** Anybody may ask, as often as they like: what they hear is at most this old. */
const keptMs = 1_000;
const answerWithinMs = 2_000;

export interface Readiness {
  /** It is told to stop, and takes no new work. */
  readonly draining: boolean;
  readonly database: boolean;
  /** At least one packager can serve. */
  readonly packager: boolean;
}

export interface Health {
  check(): Promise<Readiness>;
  /** Whether the database was there, with what this version needs. */
  readonly opened: boolean;
  /** It is from now on. */
  open(): void;
  /** From now on it is not ready, whatever else works. */
  drain(): void;
}

export function createHealth(
  { db, packager }: Pick<GatewayServices, 'db' | 'packager'>,
  openedAlready = true,
): Health {
  let opened = openedAlready;
  let draining = false;
  let known: { at: number; answers: Promise<[boolean, boolean]> } | undefined;
  const ask = () => {
    const at = performance.now();
    if (!known || at - known.at > keptMs)
      known = { at, answers: Promise.all([db.answers(answerWithinMs), packager.serving(answerWithinMs)]) };
    return known.answers;
  };
  return {
    async check() {
      const [database, serving] = await ask();
      return { draining, database: database && opened, packager: serving };
    },
    get opened() {
      return opened;
    },
    open() {
      opened = true;
    },
    drain() {
      draining = true;
    },
  };
}
