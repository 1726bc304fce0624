/** A caller behind a balancer: requests go to the gateways that say they are ready, in turn, and again where told so. */
import { setTimeout as pause } from 'node:timers/promises';
import { systemCode } from '@osimage/errors';
import type { Test } from 'tap';
import { RestClient } from '../support/client.ts';

/** Not Retry-After's seconds: the sooner it comes back, the more it meets. */
const comeBackMs = 50;
/** How often each gateway is asked whether it is ready. */
const askEveryMs = 50;
const giveUpMs = 60_000;

export class FleetClient extends RestClient {
  readonly #clients: readonly RestClient[];
  readonly #ready = new Set<RestClient>();
  #next = 0;
  /** Answers that told to come back, each of which was followed by another attempt. */
  refused = 0;
  /** What was said instead of an answer, after the request had been sent. */
  readonly broken: string[] = [];

  /** Asks the gateways at `urls` until the end of `t`. */
  constructor(t: Test, urls: readonly string[], user: string, password: string) {
    super(urls[0] ?? '', user, password);
    this.#clients = urls.map((url) => new RestClient(url, user, password));
    const ended = new AbortController();
    const asking = this.#clients.map((client) => this.#watch(client, ended.signal));
    t.teardown(async () => {
      ended.abort();
      await Promise.all(asking);
    });
  }

  async #watch(client: RestClient, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const status = await client.fetch('GET', '/readyz').then(
        async (answer) => {
          await answer.arrayBuffer();
          return answer.status;
        },
        () => 0,
      );
      if (status === 200) this.#ready.add(client);
      else this.#ready.delete(client);
      await pause(askEveryMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Gives the first answer that is not "come back"; throws when a connection breaks after the request was sent. */
  override async fetch(...request: Parameters<RestClient['fetch']>): Promise<Response> {
    const end = Date.now() + giveUpMs;
    while (Date.now() < end) {
      const answer = await this.#attempt(request);
      if (answer !== undefined && !tellsToComeBack(answer)) return answer;
      if (answer !== undefined) {
        this.refused += 1;
        await answer.arrayBuffer();
      }
      await pause(comeBackMs);
    }
    throw new Error(`no answer to ${request[0]} ${request[1]} but to come back`);
  }

  /** Undefined: nobody is there. */
  async #attempt(request: Parameters<RestClient['fetch']>): Promise<Response | undefined> {
    const ready = [...this.#ready];
    const client = ready[this.#next++ % ready.length];
    try {
      return await client?.fetch(...request);
    } catch (error) {
      const cause = (error as Error).cause ?? error;
      if (systemCode(cause) === 'ECONNREFUSED') return undefined;
      this.broken.push(`${request[0]} ${request[1]}: ${cause}`);
      throw error;
    }
  }
}

function tellsToComeBack({ status, headers }: Response): boolean {
  return status === 503 && Number(headers.get('retry-after')) >= 1;
}
