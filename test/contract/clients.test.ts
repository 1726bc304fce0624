/** The habits of the official clients (contract, sections 1 and 12), against the real services. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectPackager } from '@osimage/packaging-api';
import t from 'tap';
import { installSamples, sampleProfileId } from '../../samples/install.ts';
import { needPython } from '../support/python.ts';
import { startServices } from '../support/services.ts';

const run = promisify(execFile);

t.test('pylxca, call by call', async (t) => {
  const python = await needPython(t, 'requests', 'python3-requests');
  if (!python) return;
  const services = await startServices(t);
  const client = connectPackager(services.packagers[0]!.address);
  t.teardown(() => client.close());
  const storeRoot = join(services.dataDir, 'store');
  await installSamples({ client, db: services.db, storeRoot, signal: AbortSignal.timeout(60_000) });
  const folder = await mkdtemp(join(tmpdir(), 'osimage-pylxca-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const script = join(import.meta.dirname, 'pylxca.py');
  const said = await run(python, [
    script,
    services.url,
    'USERID',
    'Passw0rd-of-the-tests',
    folder,
    sampleProfileId,
  ]);
  t.equal(said.stdout, 'done\n');
});

t.test('the Ruby gem', async (t) => {
  const { url, client } = await startServices(t);
  const send = (method: string, path: string, headers: Record<string, string>, body?: object) =>
    fetch(`${url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const json = { 'content-type': 'application/json' };

  // Basic with every request, no session, no CSRF header.
  const list = await send('GET', '/osImages', client.headers);
  t.ok(Array.isArray(((await list.json()) as { items: unknown }).items));
  const job = await send(
    'POST',
    '/osImages?imageType=OS',
    { ...client.headers, ...json },
    { Action: 'Init' },
  );
  t.match(((await job.json()) as { jobId: string }).jobId, /^\d+$/);

  // The sign-in check: it takes the id of the first message for the id of a session.
  const right = await send('POST', '/sessions', json, {
    UserId: 'USERID',
    password: 'Passw0rd-of-the-tests',
  });
  const { messages } = (await right.json()) as { messages: { id: string }[] };
  t.equal(messages[0]?.id, 'FQXHMSE0001I');
  const ended = await send('DELETE', `/sessions/${messages[0]?.id}`, client.headers);
  t.equal(ended.status, 404);
  t.equal(((await ended.json()) as { result: string }).result, 'failed');
  const wrong = await send('POST', '/sessions', json, { UserId: 'USERID', password: 'wrong' });
  t.equal(wrong.status, 403, 'which it reads as wrong credentials');
  t.notOk(wrong.headers.has('www-authenticate'));
});

t.test('habits of any client', async (t) => {
  const { client, rawGet } = await startServices(t);
  const id = 'a'.repeat(150);
  t.equal((await rawGet(`/osImages/x|${id}`)).status, 404, 'a raw bar');
  t.equal((await rawGet(`/osImages/x%7C${id}`)).status, 404, 'an encoded bar');
  t.match(
    (await rawGet(`/osImages/x%7C${id}`)).body,
    `x|${id}`,
    'decoded once, and not cut at a hundred characters',
  );
  t.equal((await rawGet('/osImages/?imageType=OSPROFILE')).status, 200, 'a slash before the query');
  const typed = await client.fetch('GET', '/tasks', undefined, {
    'content-type': 'application/json; charset=utf-8',
  });
  t.equal(typed.status, 200, 'a JSON content type without a body');
  const encoded = await client.fetch('GET', '/tasks', undefined, { 'accept-encoding': 'gzip, deflate' });
  t.equal(encoded.status, 200);
});
