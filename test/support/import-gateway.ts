/** A gateway that takes imports, with a packager that only keeps the rows; and uploads sent by hand. */
import { readdir, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { findJobs, type JobRow } from '@osimage/database';
import type { Test } from 'tap';
import { createTestGateway, type TestGateway } from './gateway.ts';
import { createRowPackager, type RowPackager } from './row-packager.ts';

export interface ImportGateway extends TestGateway {
  packager: RowPackager;
  url: string;
  staging: string;
  /** Creates an import job. */
  create(imageType?: string, fileSize?: number | string): Promise<string>;
  /** Uploads with fetch. */
  upload(jobId: string, query: string, form: FormData | string): Promise<{ code: number; text: string }>;
  job(id: string): Promise<JobRow>;
}

/** Makes it for `t`. */
export async function importGateway(t: Test): Promise<ImportGateway> {
  let packager: RowPackager | undefined;
  const gateway: TestGateway = await createTestGateway(t, {
    packager: async (url) => (packager = createRowPackager(url, () => gateway.services.storeRoot)),
    // More than any disk has: what is refused here is refused for want of space.
    env: { UPLOAD_BYTES_MOST: String(Number.MAX_SAFE_INTEGER) },
  });
  const { app, db, headers, services } = gateway;
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const staging = join(services.storeRoot, 'staging');
  const create = async (imageType = 'SCRIPT', fileSize?: number | string) => {
    const payload = { Action: 'Init', ...(fileSize !== undefined && { fileSize }) };
    const answer = await app.inject({
      method: 'POST',
      url: `/osImages/?imageType=${imageType}`,
      headers,
      payload,
    });
    if (answer.statusCode !== 200) throw new Error(answer.body);
    return answer.json<{ jobId: string }>().jobId;
  };
  const upload = async (jobId: string, query: string, form: FormData | string) => {
    const body = typeof form === 'string' ? Buffer.from(form) : form;
    const type = typeof form === 'string' && { 'content-type': 'multipart/form-data; boundary=edge' };
    const answer = await fetch(`${url}/files/osImages?jobId=${jobId}&${query}`, {
      ...{ method: 'POST', body, headers: { ...headers, ...type } },
    });
    return { code: answer.status, text: await answer.text() };
  };
  const job = async (id: string) => (await findJobs(db, [id]))[0]!;
  return { ...gateway, packager: packager!, url, staging, create, upload, job };
}

/** A form as a browser sends it. */
export function formOf(content: Buffer | string, fileName = 'a.sh'): FormData {
  const form = new FormData();
  form.set('name', 'uploadedfile');
  form.set('uploadedfile', new Blob([content]), fileName);
  return form;
}

/** Opens an upload by hand and sends the beginning of it. */
export function beginUpload(gateway: ImportGateway, jobId: string, length: number, content: string): Socket {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding('utf8');
  // A connection that the other side resets is no failure of the test.
  socket.on('error', () => {});
  socket.write(
    `POST /files/osImages?jobId=${jobId}&imageType=SCRIPT&imageName=a.sh HTTP/1.1\r\nHost: x\r\n` +
      `Authorization: ${gateway.headers.authorization}\r\nContent-Length: ${length}\r\n` +
      `Content-Type: multipart/form-data; boundary=edge\r\n\r\n${content}`,
  );
  return socket;
}

/** What comes before the content of the file. */
export const opening =
  '--edge\r\nContent-Disposition: form-data; name="uploadedfile"; filename="a.sh"\r\n\r\n';

/** What comes back until a message is whole. */
export async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    if (text.includes('"messages"')) break;
  }
  return text;
}

/** The names of the files that lie in the store's staging folder. */
export const staged = async (gateway: ImportGateway): Promise<string[]> =>
  readdir(gateway.staging).catch(() => []);
/** Of a file; 0 when it is not there. */
export const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size ?? 0;
