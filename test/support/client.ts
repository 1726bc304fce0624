/** A REST client as a script would be: Basic sign-in, JSON, and waiting for jobs by watching them. */
import { openAsBlob } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A job as GET /tasks shows it; only what tests look at. */
export interface Task {
  jobUID: string;
  status: string;
  percentage: number;
  step: string;
  bytesDone: number;
  bytesTotal: number;
  filename?: string;
  finalPath?: string;
  size?: number;
  sha256?: string;
  error: { code: string; text: string; recovery: { text: string } } | null;
  attempts: { worker: string; error: { code: string } | null }[];
}

export interface ImportOrder {
  imageType: string;
  path: string;
  name: string;
  os?: string;
  osrelease?: string;
  description?: string;
}

const pollMs = 25;
const waitAtMostMs = 120_000;

export class RestClient {
  readonly url: string;
  readonly headers: Record<string, string>;

  constructor(url: string, user: string, password: string) {
    this.url = url;
    this.headers = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  }

  /** One request; a body that is not a FormData goes as JSON. */
  async fetch(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const json = body !== undefined && !(body instanceof FormData);
    return await fetch(`${this.url}${path}`, {
      method,
      headers: { ...this.headers, ...(json && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
  }

  /** A request that must answer 200; gives the parsed body. */
  async ok<Body>(method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await this.fetch(method, path, body);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text || '{}') as Body;
  }

  async task(id: string): Promise<Task> {
    const [task] = await this.ok<Task[]>('GET', `/tasks/${id}`);
    return task!;
  }

  /** Watches a job until `done` says so; throws when it takes longer than any test should. */
  async watch(id: string, done: (task: Task) => boolean): Promise<Task> {
    const end = Date.now() + waitAtMostMs;
    for (;;) {
      const task = await this.task(id);
      if (done(task)) return task;
      if (Date.now() > end) throw new Error(`job ${id} stays ${JSON.stringify(task)}`);
      await pause(pollMs);
    }
  }

  /** Waits as Ansible's loops do: until percentage is 100. */
  ended(id: string): Promise<Task> {
    return this.watch(id, (task) => task.percentage === 100);
  }

  async createImport(imageType: string, fileSize?: number): Promise<string> {
    const body = { Action: 'Init', ...(fileSize !== undefined && { fileSize: String(fileSize) }) };
    return (await this.ok<{ jobId: string }>('POST', `/osImages/?imageType=${imageType}`, body)).jobId;
  }

  /** The upload's URL, encoded as pylxca does. */
  uploadPath(jobId: string, order: Omit<ImportOrder, 'path'>): string {
    const query = [
      `jobId=${jobId}`,
      `imageType=${order.imageType}`,
      `imageName=${encodeURIComponent(order.name)}`,
    ];
    for (const name of ['os', 'osrelease', 'description'] as const) {
      if (order[name] !== undefined) query.push(`${name}=${encodeURIComponent(order[name])}`);
    }
    return `/files/osImages?${query.join('&')}`;
  }

  /** Imports a file and waits for the end of the job. */
  async import(order: ImportOrder): Promise<Task> {
    return await this.ended(await this.startImport(order));
  }

  /** Uploads a file; gives the job's id as soon as it was accepted. */
  async startImport(order: ImportOrder): Promise<string> {
    const jobId = await this.createImport(order.imageType);
    const form = new FormData();
    form.set('name', 'uploadedfile');
    form.set('uploadedfile', await openAsBlob(order.path), order.name);
    await this.ok('POST', this.uploadPath(jobId, order), form);
    return jobId;
  }

  /** Starts an import of a file on a remote file server, as pylxca does; gives the job's id. */
  async importRemote(
    file: { serverId: string; path: string },
    order: Omit<ImportOrder, 'path'>,
    fileSize?: number,
  ): Promise<string> {
    const jobId = await this.createImport(order.imageType, fileSize);
    await this.ok('POST', this.uploadPath(jobId, order), file);
    return jobId;
  }

  /** Imports a file that must succeed; gives the id of what was made. */
  async imported(order: ImportOrder): Promise<string> {
    const task = await this.import(order);
    const objectId = (task as Task & { objectId?: string }).objectId;
    if (task.status !== 'Complete' || !objectId)
      throw new Error(`import of ${order.name}: ${JSON.stringify(task)}`);
    return objectId;
  }

  async createProfile(
    baseId: string,
    profile: { name: string; customizationOptions: unknown },
  ): Promise<string> {
    const answer = await this.ok<{ id: string }>('POST', `/osImages/${encodeURIComponent(baseId)}`, {
      profile,
    });
    return answer.id;
  }

  async export(profileId: string, query = ''): Promise<{ jobID: string; filename: string }> {
    return await this.ok('GET', `/osImages/${encodeURIComponent(profileId)}${query}`);
  }
}
