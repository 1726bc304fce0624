/**
 * The operations of deliveries over HTTP and HTTPS: PUT and HEAD everywhere, and what WebDAV adds (RFC 4918: MKCOL, MOVE,
 * DELETE) where the server has it.
 */
import { Problem } from '@osimage/errors';
import type { Dispatcher } from 'undici';
import { type Found, NotReadable, type RemoteStore } from '../destinations/one-stream/store.ts';
import { loginRefused } from '../failures.ts';
import { type Body, BodyFailed } from '../send.ts';
import type { SecureAccess } from '../server-profile.ts';
import type { TransferLimits } from '../transfer-limits.ts';
import { connectHttp, type HttpConnection } from './connect.ts';
import { httpProblem } from './errors.ts';
import { put } from './put.ts';
import { type Change, httpWriteProblem } from './write-errors.ts';

const BUFFER_BYTES = 1024 * 1024;

interface Asked {
  readonly headers?: Record<string, string>;
  /** Of a folder: its address ends in a slash. */
  readonly folder?: boolean;
}

/** Connects, signs in and finds out whether files can be moved there. `probe`: a name nobody uses. */
export async function openHttpFiles(
  access: SecureAccess,
  limits: TransferLimits,
  probe: string,
): Promise<HttpFiles> {
  const files = new HttpFiles(await connectHttp(access, limits), access, limits);
  try {
    await files.learn(probe);
    return files;
  } catch (error) {
    files.close();
    throw error;
  }
}

export class HttpFiles implements RemoteStore {
  readonly reads = 'anywhere';
  readonly notes: string[] = [];
  canRename = false;
  tellsSizes = true;
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
    if (access.server.protocol === 'HTTP')
      this.notes.push('HTTP has no encryption: password and archive could be read on the way.');
  }

  /**
   * Servers seldom say what they can do, so one is asked to move a file that is not there: who knows MOVE misses the file,
   * and who does not refuses the method.
   */
  async learn(probe: string): Promise<void> {
    const { status } = await this.#move(probe, `${probe}-to`);
    if (status === 401) throw loginRefused(this.#access.server);
    this.canRename = status === 404 || status === 409 || status === 412;
    if (!this.canRename)
      this.notes.push(
        'The server cannot rename files: while it was sent, half of the archive could be seen.',
      );
  }

  async landing(): Promise<string> {
    return '/';
  }

  async look(path: string): Promise<Found | undefined> {
    if (path === '/') return { folder: true, size: undefined };
    const { headers, status, url } = await this.#ask('HEAD', path, `look at ${path}`);
    const { address } = this.#access.server;
    if (status >= 200 && status < 300) {
      const length = String(headers['content-length'] ?? '');
      const size = /^\d{1,15}$/.test(length) ? Number(length) : undefined;
      if (size === undefined) this.tellsSizes = false;
      const stamp = String(headers.etag ?? headers['last-modified'] ?? '') || undefined;
      return { folder: false, size, stamp };
    }
    if (status === 404 || status === 410) return undefined;
    const location = String(headers.location ?? '');
    // A folder is where its name with a slash leads to.
    if (status >= 300 && status < 400 && URL.parse(location, url.href)?.pathname === `${url.pathname}/`)
      return { folder: true, size: undefined };
    if (status === 405 || status === 501) {
      this.tellsSizes = false;
      return undefined;
    }
    if (status === 400 || status === 414)
      throw new Problem('remote_name_refused', {
        address,
        path,
        detail: `it answered with status ${status}`,
      });
    throw this.#refused(status, { action: `look at ${path}`, path, needed: 0, location });
  }

  async makeFolder(path: string): Promise<void> {
    const { status } = await this.#ask('MKCOL', path, `make the folder ${path}`, { folder: true });
    // There already; or folders are made with the files in them, or not at all, which the PUT will tell.
    if (status < 300 || status === 405 || status === 501) return;
    if ((await this.look(path))?.folder === true) return;
    throw this.#refused(status, { action: `make the folder ${path}`, path, needed: 0 });
  }

  async put(path: string, body: Body): Promise<void> {
    const change = { action: 'take the file', path, needed: body.size };
    const { server } = this.#access;
    const answer = await put(this.#connection, server, path, body, this.#limits).catch((error: unknown) => {
      throw error instanceof BodyFailed ? error.cause : this.#problem(error, change.action);
    });
    if (answer.status < 200 || answer.status >= 300)
      throw this.#refused(answer.status, { ...change, location: answer.location });
  }

  async replace(from: string, to: string): Promise<void> {
    const { status } = await this.#move(from, to);
    if (status < 200 || status >= 300)
      throw this.#refused(status, { action: 'rename the file', path: to, needed: 0 });
  }

  async remove(path: string): Promise<boolean> {
    const { status } = await this.#ask('DELETE', path, 'remove the file');
    return status < 300 || status === 404 || status === 410;
  }

  async *read(path: string, from: number, length?: number): AsyncGenerator<Buffer> {
    const action = 'send the file back';
    const to = length === undefined ? '' : String(from + length - 1);
    const ranged = from > 0 || length !== undefined;
    try {
      const answer = await this.#request('GET', path, ranged ? { range: `bytes=${from}-${to}` } : {});
      const { body, statusCode: status } = answer;
      if (status !== 200 && status !== 206) {
        body.on('error', () => undefined).destroy();
        if ([401, 403, 404, 405, 410, 501].includes(status)) throw new NotReadable(`status ${status}`);
        throw this.#refused(status, { action, path, needed: 0 });
      }
      // A server without ranges sends all of it.
      let skip = status === 200 ? from : 0;
      for await (const piece of body as AsyncIterable<Buffer>) {
        if (skip < piece.length) yield piece.subarray(skip);
        skip = Math.max(0, skip - piece.length);
      }
    } catch (error) {
      if (error instanceof NotReadable) throw error;
      throw this.#problem(error, action);
    }
  }

  release(): void {
    this.#access.signal.removeEventListener('abort', this.#onAbort);
  }

  close(): void {
    this.release();
    this.#connection.client.destroy().catch(() => undefined);
  }

  async #move(from: string, to: string) {
    const headers = { destination: this.#connection.url(to).href, overwrite: 'T' };
    return await this.#ask('MOVE', from, 'rename the file', { headers });
  }

  /** One request whose answer's body is of no interest. */
  async #ask(method: string, path: string, action: string, asked: Asked = {}) {
    try {
      const name = asked.folder ? `${path}/` : path;
      const { body, headers, statusCode: status } = await this.#request(method, name, asked.headers ?? {});
      await body.dump();
      if (status === 401) throw loginRefused(this.#access.server);
      return { headers, status, url: this.#connection.url(name) };
    } catch (error) {
      throw this.#problem(error, action);
    }
  }

  async #request(
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

  #refused(status: number, change: Change): Problem {
    return httpWriteProblem(status, this.#access.server, change);
  }

  #problem(error: unknown, action: string): unknown {
    if (this.#over.signal.aborted) return this.#over.signal.reason;
    return httpProblem(error, this.#access.server, action, this.#limits);
  }
}
