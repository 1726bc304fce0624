/** The demo's REST client: signs in with a session as a browser would, and shows jobs while they run. */
import { openAsBlob } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileOptions } from '@osimage/os-media';
import type { Sample } from '../samples/build.ts';

interface Job {
  jobTitle: string;
  status: string;
  percentage: number;
  filename: string;
  finalPath: string;
  size: number;
  sha256: string;
  objectId: string;
  error: { text: string; recovery: { text: string } } | null;
}

const pollMs = 50;

export class DemoClient {
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #print: (text: string) => void;
  #headers: Record<string, string> = {};

  constructor(url: string, signal: AbortSignal, print: (text: string) => void) {
    this.#url = url;
    this.#signal = signal;
    this.#print = print;
  }

  async signIn(user: string, password: string): Promise<void> {
    const answer = await this.#fetch('POST', '/sessions', { UserId: user, password });
    const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
    const csrf = cookies.find((cookie) => cookie.startsWith('csrf='))?.slice(5) ?? '';
    this.#headers = { cookie: cookies.join('; '), 'x-csrf-token': csrf };
  }

  /** Imports a file and gives the id of what it became. */
  async importFile(sample: Sample): Promise<string> {
    const { jobId } = await this.#json<{ jobId: string }>('POST', `/osImages?imageType=${sample.imageType}`, {
      Action: 'init',
    });
    const form = new FormData();
    form.set('uploadedfile', await openAsBlob(sample.path), sample.name);
    const { imageType, name: imageName, os, osrelease, description } = sample;
    const fields = Object.entries({ jobId, imageType, imageName, os, osrelease, description });
    // Percent-encoding throughout: a plus sign stays a plus sign here (contract, 1.10).
    const query = fields.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
    await this.#json('POST', `/files/osImages?${query}`, form);
    return (await this.#watch(jobId)).objectId;
  }

  /** Makes a customized profile of the files, ids by image type; gives its id. */
  async createProfile(baseId: string, name: string, ids: Record<string, string[]>): Promise<string> {
    const chosen = fileOptions.filter(({ imageType }) => ids[imageType]);
    const customizationOptions = Object.fromEntries(
      chosen.map(({ option, ids: list, imageType }) => [option, { [list]: ids[imageType] }]),
    );
    const profile = { name, description: 'Made by the demo', customizationOptions };
    return (await this.#json<{ id: string }>('POST', `/osImages/${encodeURIComponent(baseId)}`, { profile }))
      .id;
  }

  /** Adds an SFTP server; one without a password gets a key pair. */
  async addServer(
    server: { displayName: string; address: string; port: number; username: string } & (
      | { password: string }
      | { keyType: string }
    ),
  ): Promise<{ serverId: string; serverPublicKey: string }> {
    return await this.#json('POST', '/osImages/remoteFileServers', { protocol: 'SFTP', ...server });
  }

  /** Deletes an image, a profile, a file or an archive, by what stands behind /osImages/. */
  async delete(id: string): Promise<void> {
    await this.#json('DELETE', `/osImages/${id.split('/').map(encodeURIComponent).join('/')}`);
  }

  async export(profileId: string, query = ''): Promise<Job> {
    const { jobID } = await this.#json<{ jobID: string }>(
      'GET',
      `/osImages/${encodeURIComponent(profileId)}${query}`,
    );
    return await this.#watch(jobID);
  }

  async download(path: string): Promise<ReadableStream> {
    const { body } = await this.#fetch('GET', path);
    if (!body) throw new Error(`${path} has no content`);
    return body;
  }

  /** Shows a job until it ends; throws with its own words when it failed. */
  async #watch(id: string): Promise<Job> {
    for (;;) {
      const [job] = await this.#json<Job[]>('GET', `/tasks/${id}`);
      if (!job) throw new Error(`job ${id} is gone`);
      const done = job.percentage === 100;
      const line = `  ${job.percentage.toFixed(0).padStart(3)} %  ${job.jobTitle}`;
      if (process.stdout.isTTY) this.#print(`\r${line}${done ? '\n' : ''}`);
      else if (done) this.#print(`${line}\n`);
      if (done && job.status === 'Complete') return job;
      if (done) throw new Error(`${job.jobTitle}: ${job.error?.text} ${job.error?.recovery.text}`);
      await pause(pollMs, undefined, { signal: this.#signal });
    }
  }

  async #json<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    return (await (await this.#fetch(method, path, body)).json()) as Body;
  }

  async #fetch(method: string, path: string, body?: unknown): Promise<Response> {
    const form = body instanceof FormData;
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      signal: this.#signal,
      headers: {
        ...this.#headers,
        ...(body !== undefined && !form && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: form ? body : JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}
