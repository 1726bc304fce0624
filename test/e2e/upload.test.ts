/** Uploads: any size in constant memory, and nothing left of one that breaks off. */
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import t from 'tap';
import type { RestClient } from '../support/client.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';

const boundary = 'a-boundary-of-the-tests';
const head = (name: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="uploadedfile"; filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
const tail = `\r\n--${boundary}--\r\n`;

/** Peak resident memory of a process, bytes. */
async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** Sends `content` as one multipart upload; gives the status and the body of the answer. */
async function upload(
  client: RestClient,
  path: string,
  name: string,
  content: Iterable<Buffer>,
  length: number,
) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  const url = new URL(client.url);
  const call = request(
    {
      hostname: url.hostname,
      port: url.port,
      path,
      method: 'POST',
      headers: {
        ...client.headers,
        'content-type': `multipart/form-data; boundary=${boundary}`,
        'content-length': head(name).length + length + tail.length,
      },
    },
    async (answer) => {
      let body = '';
      for await (const text of answer.setEncoding('utf8')) body += text;
      resolve({ status: answer.statusCode ?? 0, body });
    },
  );
  call.on('error', reject);
  function* parts() {
    yield Buffer.from(head(name));
    yield* content;
    yield Buffer.from(tail);
  }
  await pipeline(Readable.from(parts()), call);
  return await promise;
}

t.test('three gigabytes pass through little memory', async (t) => {
  // The first process of a run keeps what it compiles for the others, in memory of its own.
  const env = { NODE_DISABLE_COMPILE_CACHE: '1' };
  const { client, gateway, packagers, dataDir } = await startServices(t, { env });
  const block = Buffer.from('echo a line of a long script\n'.repeat(40_000)).subarray(0, 1024 * 1024);
  const blocks = 3 * 1024;
  function* content() {
    for (let index = 0; index < blocks; index++) yield block;
  }
  const size = blocks * block.length;
  const jobId = await client.createImport('SCRIPT', size);
  const path = client.uploadPath(jobId, { imageType: 'SCRIPT', name: 'long.sh' });
  const answer = await upload(client, path, 'long.sh', content(), size);
  t.equal(answer.status, 200, answer.body);
  const task = await client.ended(jobId);
  t.match(task, { status: 'Complete', size, bytesDone: size });
  const [gatewayPeak, packagerPeak] = [await peakMemory(gateway.pid), await peakMemory(packagers[0]!.pid)];
  t.ok(gatewayPeak < 200e6, `the gateway's peak of ${Math.round(gatewayPeak / 1e6)} MB is under 200`);
  t.ok(packagerPeak < 400e6, `the packager's peak of ${Math.round(packagerPeak / 1e6)} MB is under 400`);
  // The job is over a moment before its file is removed.
  await until(async () => (await readdir(join(dataDir, 'store/staging'))).length === 0);
});

t.test('an upload that is cut off leaves nothing', async (t) => {
  const { client, db, dataDir } = await startServices(t);
  const staging = join(dataDir, 'store/staging');
  const jobId = await client.createImport('SCRIPT');
  const url = new URL(client.url);
  const socket = connect(Number(url.port), url.hostname);
  const path = client.uploadPath(jobId, { imageType: 'SCRIPT', name: 'half.sh' });
  socket.write(
    [
      `POST ${path} HTTP/1.1`,
      `Host: ${url.host}`,
      `Authorization: ${client.headers.authorization}`,
      `Content-Type: multipart/form-data; boundary=${boundary}`,
      'Content-Length: 100000000',
      '',
      head('half.sh'),
    ].join('\r\n'),
  );
  socket.write(Buffer.alloc(5_000_000, 'x'));
  await until(async () => (await readdir(staging)).length === 1);
  socket.destroy();
  const task = await client.ended(jobId);
  t.match(task, { status: 'Interrupted', error: { code: 'upload_cut_off' } });
  await until(async () => (await readdir(staging)).length === 0);
  const { rows } = await db.query<{ count: number }>(
    'select (select count(*) from blobs)::int + (select count(*) from files)::int as count',
  );
  t.equal(rows[0]?.count, 0, 'no blob, no row');
  t.equal((await client.fetch('POST', path, new FormData())).status, 409, 'the job takes no second try');
});

t.test('an upload whose connection ends at once ends its import too', async (t) => {
  const { client, dataDir } = await startServices(t);
  const url = new URL(client.url);
  // The connection ends while the order is still being checked: nobody reads from it yet.
  const jobs = await Promise.all(Array.from({ length: 5 }, () => client.createImport('SCRIPT')));
  for (const jobId of jobs) {
    const path = client.uploadPath(jobId, { imageType: 'SCRIPT', name: 'half.sh' });
    connect(Number(url.port), url.hostname).end(
      [
        `POST ${path} HTTP/1.1`,
        `Host: ${url.host}`,
        `Authorization: ${client.headers.authorization}`,
        `Content-Type: multipart/form-data; boundary=${boundary}`,
        'Content-Length: 1000',
        '',
        `${head('half.sh')}#!/bin/sh`,
      ].join('\r\n'),
    );
  }
  for (const jobId of jobs)
    t.match(await client.ended(jobId), { status: 'Interrupted', error: { code: 'upload_cut_off' } });
  await until(async () => (await readdir(join(dataDir, 'store/staging'))).length === 0);
});

t.test('a file that is not what its type says', async (t) => {
  const { client, dataDir } = await startServices(t);
  const wrong: [string, string][] = [
    ['OS', 'not-an-image.iso'],
    ['BOOT', 'not-a-zip.zip'],
    ['SOFTWARE', 'not-a-tar.tar.gz'],
    ['CONFIG', 'not-json.json'],
    ['UNATTEND', 'not-xml.xml'],
  ];
  for (const [imageType, name] of wrong) {
    const jobId = await client.createImport(imageType);
    const content = Buffer.from('<this is {not} it');
    const answer = await upload(
      client,
      client.uploadPath(jobId, { imageType, name }),
      name,
      [content],
      content.length,
    );
    t.equal(answer.status, 200, answer.body);
    const task = await client.ended(jobId);
    t.match(
      task,
      { status: 'StoppedWithError', error: { code: 'wrong_content', text: new RegExp(name) } },
      imageType,
    );
    t.notMatch(JSON.stringify(task), '{not} it', 'its content is not repeated');
  }
  await until(async () => (await readdir(join(dataDir, 'store/staging'))).length === 0);
  t.strictSame(await readdir(join(dataDir, 'store/blobs')), []);
});

t.test('names that would leave their folder or confuse a system', async (t) => {
  const { client, dataDir } = await startServices(t);
  const jobId = await client.createImport('SCRIPT');
  for (const name of [
    '../x.sh',
    'a/b.sh',
    'a\\b.sh',
    '..',
    '.',
    'nul\0.sh',
    'con.sh',
    'COM1.sh',
    ' ',
    `${'x'.repeat(300)}.sh`,
    'tab\t.sh',
  ]) {
    const answer = await upload(
      client,
      client.uploadPath(jobId, { imageType: 'SCRIPT', name }),
      'x.sh',
      [Buffer.from('x')],
      1,
    );
    t.equal(answer.status, 400, `${JSON.stringify(name)}: ${answer.body}`);
    t.match(JSON.parse(answer.body), {
      result: 'failed',
      messages: [{ id: /^FQXHM/, recovery: { text: /\w/ } }],
    });
    t.strictSame(await readdir(join(dataDir, 'store/staging')), []);
  }
});
