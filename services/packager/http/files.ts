/**
 * The operations of deliveries over HTTP and HTTPS: PUT and HEAD everywhere, and what WebDAV adds (RFC 4918: MKCOL, MOVE,
 * DELETE) where the server has it.
 */
import { Problem } from '@osimage/errors';
import { type Found, NotReadable, type RemoteStore } from '../destinations/one-stream/store.ts';
import type { Body } from '../send.ts';
import type { SecureAccess, ServerProfile } from '../server-profile.ts';
import type { TransferLimits } from '../transfer-limits.ts';
import { type HttpRequests, openHttpRequests } from './requests.ts';

/** Connects, signs in and finds out whether files can be moved there. `probe`: a name nobody uses. */
export async function openHttpFiles(
  access: SecureAccess,
  limits: TransferLimits,
  probe: string,
): Promise<HttpFiles> {
  const files = new HttpFiles(await openHttpRequests(access, limits), access.server);
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
  readonly #requests: HttpRequests;
  readonly #server: ServerProfile;

  constructor(requests: HttpRequests, server: ServerProfile) {
    this.#requests = requests;
    this.#server = server;
    if (server.protocol === 'HTTP')
      this.notes.push('HTTP has no encryption: password and archive could be read on the way.');
  }

  /**
   * Servers seldom say what they can do, so one is asked to move a file that is not there: who knows MOVE misses the file,
   * and who does not refuses the method.
   */
  async learn(probe: string): Promise<void> {
    const { status } = await this.#requests.move(probe, `${probe}-to`);
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
    const { headers, status, url } = await this.#requests.ask('HEAD', path, `look at ${path}`);
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
        address: this.#server.address,
        path,
        detail: `it answered with status ${status}`,
      });
    throw this.#requests.refused(status, { action: `look at ${path}`, path, needed: 0, location });
  }

  async makeFolder(path: string): Promise<void> {
    const { status } = await this.#requests.ask('MKCOL', path, `make the folder ${path}`, { folder: true });
    // There already; or folders are made with the files in them, or not at all, which the PUT will tell.
    if (status < 300 || status === 405 || status === 501) return;
    if ((await this.look(path))?.folder === true) return;
    throw this.#requests.refused(status, { action: `make the folder ${path}`, path, needed: 0 });
  }

  async put(path: string, body: Body): Promise<void> {
    const change = { action: 'take the file', path, needed: body.size };
    const answer = await this.#requests.put(path, body, change.action);
    if (answer.status < 200 || answer.status >= 300)
      throw this.#requests.refused(answer.status, { ...change, location: answer.location });
  }

  async replace(from: string, to: string): Promise<void> {
    const { status } = await this.#requests.move(from, to);
    if (status < 200 || status >= 300)
      throw this.#requests.refused(status, { action: 'rename the file', path: to, needed: 0 });
  }

  async remove(path: string): Promise<boolean> {
    const { status } = await this.#requests.ask('DELETE', path, 'remove the file');
    return status < 300 || status === 404 || status === 410;
  }

  async *read(path: string, from: number, length?: number): AsyncGenerator<Buffer> {
    const action = 'send the file back';
    const to = length === undefined ? '' : String(from + length - 1);
    const ranged = from > 0 || length !== undefined;
    try {
      const answer = await this.#requests.send('GET', path, ranged ? { range: `bytes=${from}-${to}` } : {});
      const { body, statusCode: status } = answer;
      if (status !== 200 && status !== 206) {
        body.on('error', () => undefined).destroy();
        if ([401, 403, 404, 405, 410, 501].includes(status)) throw new NotReadable(`status ${status}`);
        throw this.#requests.refused(status, { action, path, needed: 0 });
      }
      // A server without ranges sends all of it.
      let skip = status === 200 ? from : 0;
      for await (const piece of body as AsyncIterable<Buffer>) {
        if (skip < piece.length) yield piece.subarray(skip);
        skip = Math.max(0, skip - piece.length);
      }
    } catch (error) {
      if (error instanceof NotReadable) throw error;
      throw this.#requests.problem(error, action);
    }
  }

  release(): void {
    this.#requests.release();
  }

  close(): void {
    this.#requests.close();
  }
}
