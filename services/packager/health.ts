/** Whether this packager can serve: the one answer behind gRPC health and `/readyz`. */
import type { Database } from '@osimage/database';

const askEveryMs = 2_000;
const answerWithinMs = 3_000;

export class Health {
  #serving = false;
  #started = false;
  #stopping = false;
  readonly #listeners = new Set<(serving: boolean) => void>();
  readonly #timer: NodeJS.Timeout;

  /** Looks at the database from now on: a packager without it can do nothing. It does not serve before `start`. */
  constructor(db: Database) {
    this.#timer = setInterval(() => void db.answers(answerWithinMs).then((up) => this.#tell(up)), askEveryMs);
  }

  get serving(): boolean {
    return this.#serving;
  }

  /** It is ready to serve; the database has answered. */
  start(): void {
    this.#started = true;
    this.#tell(true);
  }

  /** Calls `listener` now and at each change. */
  watch(listener: (serving: boolean) => void): void {
    this.#listeners.add(listener);
    listener(this.#serving);
  }

  /** It never serves again. */
  stop(): void {
    this.#stopping = true;
    clearInterval(this.#timer);
    this.#tell(false);
  }

  #tell(up: boolean): void {
    const serving = up && this.#started && !this.#stopping;
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const listener of this.#listeners) listener(serving);
  }
}
