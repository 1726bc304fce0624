/**
 * Bad input on every call: each wrong request gets a 4xx in the envelope within a second, never a 500, and
 * changes nothing. The calls come from the service's own document, which has every route (document.test.ts).
 */
import t from 'tap';
import { sendBytes, sendRaw } from '../support/raw-request.ts';
import { startServices } from '../support/services.ts';
import { badRequests } from './bad-requests.ts';
import { readCalls } from './document.ts';
import { envelopeOf } from './envelope.ts';
import { stateOf } from './state.ts';

/** The client's patience, which the issue asks for. */
const deadlineMs = 1_000;

t.test('bad input', async (t) => {
  const { url, client, db, dataDir } = await startServices(t);
  const { calls } = await readCalls(url);
  // Signing in costs a password hash once.
  await client.ok('GET', '/aicc');
  const before = await stateOf(db, dataDir);

  for (const call of calls) {
    await t.test(call.name, async (t) => {
      const known = new Set(calls.filter(({ path }) => path === call.path).map(({ method }) => method));
      const requests = badRequests(call, known);
      t.ok(requests.length > 0);
      for (const { what, odd, ...request } of requests) {
        const headers = { ...client.headers, ...request.headers };
        const answer = await sendRaw(url, { ...request, headers }, deadlineMs).catch((error: Error) => {
          return { status: 0, headers: {}, body: error.message };
        });
        const refused = answer.status >= 400 && answer.status < 500;
        const harmless = odd && answer.status === 200 && request.method === 'GET';
        if (!refused && !harmless) {
          t.fail(`${what}: ${answer.status} ${answer.body.slice(0, 300)}`, {
            request: request.path.slice(0, 200),
          });
          continue;
        }
        // The answer to HEAD has no body.
        if (refused && request.method !== 'HEAD') {
          const problem = envelopeOf(answer, request.method, request.path);
          t.equal(problem, '', `${what}: ${answer.status}`);
        } else t.pass(`${what}: ${answer.status}`);
      }
    });
  }
  t.equal(await stateOf(db, dataDir), before, 'nothing has changed');
});

t.test('a Content-Length that lies', async (t) => {
  const { url, client, db, dataDir } = await startServices(t);
  await client.ok('GET', '/aicc');
  const before = await stateOf(db, dataDir);
  const head = (path: string, length: number, more = '') =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${client.headers.authorization}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;
  const body = '{"Action":"Init"}';
  for (const [what, bytes] of [
    ['too long', head('/osImages', body.length + 10) + body],
    ['too short', head('/osImages', body.length - 3) + body],
    ['negative', head('/osImages', -1) + body],
    ['twice', head('/osImages', 3, `Content-Length: ${body.length}\r\n`) + body],
    ['beside chunks', head('/osImages', 3, 'Transfer-Encoding: chunked\r\n') + body],
  ] as const) {
    const answer = await sendBytes(url, bytes, deadlineMs);
    const [status, ...rest] = answer.split('\r\n\r\n');
    t.match(status, /^HTTP\/1\.1 4\d\d /, what);
    t.match(
      JSON.parse(rest[0]!.split(/HTTP\/1\.1 /)[0]!),
      { result: 'failed', messages: [{ text: String }] },
      what,
    );
  }
  t.equal(await stateOf(db, dataDir), before, 'nothing has changed');
});

t.test('forms that are wrong', async (t) => {
  const { url, client, db, dataDir } = await startServices(t);
  const part = (name: string, content: string) =>
    `--x\r\nContent-Disposition: form-data; name="${name}"; filename="a.sh"\r\n\r\n${content}\r\n`;
  const file = part('uploadedfile', '#!/bin/sh\n');
  const form = { 'content-type': 'multipart/form-data; boundary=x' };
  const empty = await stateOf(db, dataDir);
  for (const [what, headers, body] of [
    ['a part that never ends', form, file],
    [
      'a part whose headers never end',
      form,
      `--x\r\nContent-Disposition: form-data; name="${'a'.repeat(100_000)}`,
    ],
    ['two files', form, `${file}${file}--x--\r\n`],
    ['no file', form, `${part('other', 'x')}--x--\r\n`],
    ['nothing', form, ''],
    ['only the end', form, '--x--\r\n'],
    ['another boundary', form, '--y--\r\n'],
    ['no boundary', { 'content-type': 'multipart/form-data' }, `${file}--x--\r\n`],
    ['a very long boundary', { 'content-type': `multipart/form-data; boundary=${'x'.repeat(5_000)}` }, file],
  ] as const) {
    const jobId = await client.createImport('SCRIPT');
    const path = client.uploadPath(jobId, { imageType: 'SCRIPT', name: 'a.sh', os: 'rhels' });
    const answer = await sendRaw(
      url,
      { method: 'POST', path, headers: { ...client.headers, ...headers }, body },
      deadlineMs,
    );
    t.ok(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status}`);
    t.equal(envelopeOf(answer, 'POST', path), '', what);
  }
  const kept = (state: string) =>
    state.split('\n').filter((line) => !/^(jobs|job_attempts|workers) /.test(line));
  t.strictSame(kept(await stateOf(db, dataDir)), kept(empty), 'nothing came in and nothing is left');
});

t.test('more than was announced ends at once', async (t) => {
  const { url, client } = await startServices(t);
  const jobId = await client.createImport('SCRIPT', 10);
  const path = client.uploadPath(jobId, { imageType: 'SCRIPT', name: 'a.sh', os: 'rhels' });
  const lead =
    '--x\r\nContent-Disposition: form-data; name="uploadedfile"\r\n\r\n#!/bin/sh\necho more and more and more';
  const answer = await sendRaw(
    url,
    {
      method: 'POST',
      path,
      // The rest never comes.
      headers: {
        ...client.headers,
        'content-type': 'multipart/form-data; boundary=x',
        'content-length': '100000',
      },
      body: lead,
    },
    deadlineMs,
  );
  t.equal(answer.status, 400);
  t.equal(envelopeOf(answer, 'POST', path), '');
});
