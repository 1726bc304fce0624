/** Uploads that do not fit: refused before the file comes, or ended with the same sentence and nothing left behind. */
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findJobs, type JobRow } from '@osimage/database';
import t, { type Test } from 'tap';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';
import { createRowPackager } from '../support/row-packager.ts';
import { MIB, type SmallDisk, smallDisk } from '../support/small-disk.ts';
import { until } from '../support/until.ts';

interface Place extends TestGateway {
  url: string;
  /** Creates an import; gives the answer. */
  create(fileSize?: number): Promise<{ code: number; jobId: string; text: string }>;
  job(id: string): Promise<JobRow>;
  staged(): Promise<string[]>;
}

async function open(t: Test, env: NodeJS.ProcessEnv = {}): Promise<Place> {
  const gateway: TestGateway = await createTestGateway(t, {
    packager: async (url) => createRowPackager(url, () => gateway.services.storeRoot),
    env: { STORE_RESERVE_BYTES: '0', ...env },
  });
  const { app, headers, db, services } = gateway;
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    ...gateway,
    url,
    async create(fileSize) {
      const payload = { Action: 'Init', ...(fileSize !== undefined && { fileSize }) };
      const answer = await app.inject({ method: 'POST', url: '/osImages?imageType=DUD', headers, payload });
      const body = answer.json<{ jobId: string; messages: { text: string }[] }>();
      return { code: answer.statusCode, jobId: body.jobId, text: body.messages[0]?.text ?? '' };
    },
    job: async (id) => (await findJobs(db, [id]))[0]!,
    staged: () => readdir(join(services.storeRoot, 'staging')).catch(() => []),
  };
}

const head = '--edge\r\nContent-Disposition: form-data; name="uploadedfile"; filename="a.iso"\r\n\r\n';
const tail = '\r\n--edge--\r\n';

/** Begins an upload, chunked where no length is given. */
function begin(
  { url, headers }: Place,
  jobId: string,
  length?: number,
): { sending: ClientRequest; answer: Promise<{ code: number; text: string }> } {
  const sending = request(`${url}/files/osImages?jobId=${jobId}&imageType=DUD`, {
    method: 'POST',
    headers: {
      ...headers,
      'content-type': 'multipart/form-data; boundary=edge',
      ...(length !== undefined && { 'content-length': head.length + length + tail.length }),
    },
  });
  const answer = once(sending, 'response').then(async ([response]) => {
    const body = JSON.parse(await text(response as IncomingMessage)) as { messages: { text: string }[] };
    return { code: (response as IncomingMessage).statusCode ?? 0, text: body.messages[0]?.text ?? '' };
  });
  // The rest of a refused upload may meet a closed connection.
  sending.on('error', () => {});
  sending.write(head);
  return { sending, answer };
}

const sentence =
  /^Not enough space: \d+ bytes are needed, \d+ are available on the store, \d+ could be freed\./;

async function onSmallDisk(t: Test, mib: number): Promise<{ place: Place; disk: SmallDisk } | undefined> {
  const place = await open(t);
  const disk = await smallDisk(t, mib, place.services.storeRoot);
  return disk && { place, disk };
}

t.test('what cannot fit is refused before it comes', async (t) => {
  const small = await onSmallDisk(t, 16);
  if (!small) return;
  const { place } = small;
  t.match(await place.create(9 * MIB), { code: 507, text: sentence });
  const { rows } = await place.db.query('select from jobs');
  t.equal(rows.length, 0, 'no job was made');

  const { jobId } = await place.create();
  const { sending, answer } = begin(place, jobId, 9 * MIB);
  t.match(await answer, { code: 507, text: sentence }, 'by the length of the request');
  sending.destroy();
  t.match(await place.job(jobId), { state: 'Pending' }, 'it waits for a smaller one');
  t.strictSame(await place.staged(), []);
});

t.test('the disk fills up while the file comes', async (t) => {
  const small = await onSmallDisk(t, 24);
  if (!small) return;
  const { place, disk } = small;
  const size = 8 * MIB;
  const { jobId } = await place.create(size);
  const { sending, answer } = begin(place, jobId, size);
  sending.write(Buffer.alloc(3 * MIB));
  await until(async () => (await place.staged()).length > 0);
  disk.fill();
  sending.end(Buffer.concat([Buffer.alloc(size - 3 * MIB), Buffer.from(tail)]));
  const refused = await answer;
  t.match(refused, { code: 507, text: sentence });
  const job = await place.job(jobId);
  t.match(job, { state: 'Interrupted', error: { code: 'no_space' } });
  t.ok(refused.text.startsWith(job.error?.text ?? '-'), 'the job has the same sentence');
  t.strictSame(await place.staged(), []);
});

t.test('a file of unknown length meets the quota on its way', async (t) => {
  const place = await open(t, { STORE_QUOTA_BYTES: String(12 * MIB) });
  const { jobId } = await place.create();
  const { sending, answer } = begin(place, jobId);
  for (let sent = 0; sent < 8; sent++) sending.write(Buffer.alloc(MIB));
  sending.end(tail);
  const refused = await answer;
  t.match(refused, { code: 507, text: /^The quota of the store does not allow this: \d+ bytes are needed/ });
  const job = await place.job(jobId);
  t.match(job, { state: 'Interrupted', error: { code: 'quota_exceeded' } });
  t.strictSame(await place.staged(), []);

  const small = await place.create();
  const fits = begin(place, small.jobId);
  fits.sending.end(Buffer.concat([Buffer.alloc(MIB), Buffer.from(tail)]));
  t.match(await fits.answer, { code: 200 });
  const { rows } = await place.db.query<{ written: number; claimed: number }>(
    'select space_written as written, space_claimed as claimed from jobs where id = $1',
    [small.jobId],
  );
  t.match(rows, [{ written: MIB }], 'what came is counted');
  t.ok(rows[0]!.claimed > 2 * MIB && rows[0]!.claimed < 3 * MIB, 'and no more than it needs');
});
