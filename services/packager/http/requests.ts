/** Requests to one HTTP server: what they carry, what ends them, and the Problem each failure is. */
import type { Problem } from '@osimage/errors';
import type { Dispatcher } from 'undici';
import { loginRefused } from '../failures.ts';
import { type Body, BodyFailed } from '../send.ts';
import type { SecureAccess } from '../server-profile.ts';
import type { TransferLimits } from '../transfer-limits.ts';
import { connectHttp, type HttpConnection } from './connect.ts';
import { httpProblem } from './errors.ts';
import { type PutAnswer, put } from './put.ts';
import { type Change, httpWriteProblem } from './write-errors.ts';

const BUFFER_BYTES = 1024 * 1024;

interface Asked {
  readonly headers?: Record<string, string>;
  /** Of a folder: its address ends in a slash. */
  readonly folder?: boolean;
}

/** Resolves the address; the first request connects. Throws Problem as connectHttp does. */
export async function openHttpRequests(access: SecureAccess, limits: TransferLimits): Promise<HttpRequests> {
  return new HttpRequests(await connectHttp(access, limits), access, limits);
}

export class HttpRequests {
  readonly #connection: HttpConnection;
  readonly #access: SecureAccess;
  readonly #limits: TransferLimits;
  readonly #over = new AbortController();
  readonly #onAbort: () => void;

  constructor(connection: HttpConnection, access: SecureAccess, limits: TransferLimits) {
    this.#connection = connection;
    this.#access = access;
    this.#limits = limits;
    this.#onAbort = () => this.#over.abort(access.signal.reason);
    access.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (access.signal.aborted) this.#onAbort();
  }

  /** One request whose answer's body is of no interest. `action`: for the Problem when there is no answer. */
  async ask(method: string, path: string, action: string, asked: Asked = {}) {
    try {
      const name = asked.folder ? `${path}/` : path;
      const { body, headers, statusCode: status } = await this.send(method, name, asked.headers ?? {});
      await body.dump();
      if (status === 401) throw loginRefused(this.#access.server);
      return { headers, status, url: this.#connection.url(name) };
    } catch (error) {
      throw this.problem(error, action);
    }
  }

  /** Asks for `from` to be called `to`, whatever has that name. */
  async move(from: string, to: string) {
    const headers = { destination: this.#connection.url(to).href, overwrite: 'T' };
    return await this.ask('MOVE', from, 'rename the file', { headers });
  }

  async put(path: string, body: Body, action: string): Promise<PutAnswer> {
    const { server } = this.#access;
    return await put(this.#connection, server, path, body, this.#limits).catch((error: unknown) => {
      throw error instanceof BodyFailed ? error.cause : this.problem(error, action);
    });
  }

  /** One request; its failure is still as it came, and the caller owns the answer's body. */
  async send(
    method: string,
    path: string,
    headers: Record<string, string>,
  ): Promise<Dispatcher.ResponseData> {
    const { client, headers: always, url } = this.#connection;
    return await client.request({
      // WebDAV's methods are not in the type.
      method: method as Dispatcher.HttpMethod,
      path: url(path).pathname,
      headers: { ...always, ...headers },
      signal: this.#over.signal,
      highWaterMark: BUFFER_BYTES,
    });
  }

  /** What a status means that is no success. */
  refused(status: number, change: Change): Problem {
    return httpWriteProblem(status, this.#access.server, change);
  }

  /** What a failure means; the reason of the signal once that is over. */
  problem(error: unknown, action: string): unknown {
    if (this.#over.signal.aborted) return this.#over.signal.reason;
    return httpProblem(error, this.#access.server, action, this.#limits);
  }

  /** The signal ends nothing any more. */
  release(): void {
    this.#access.signal.removeEventListener('abort', this.#onAbort);
  }

  close(): void {
    this.release();
    this.#connection.client.destroy().catch(() => undefined);
  }
}
