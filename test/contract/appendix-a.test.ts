/** Every row of Appendix A against the real services: attributes, types, codes, envelope (contract, A, B and 3). */
import { join } from 'node:path';
import { hashPassword } from '@osimage/accounts';
import { insertUser } from '@osimage/database';
import { connectPackager } from '@osimage/packaging-api';
import t, { type Test } from 'tap';
import { installSamples, sampleProfileId } from '../../samples/install.ts';
import { RestClient } from '../support/client.ts';
import { type RunningServices, startServices } from '../support/services.ts';
import { type Ask, appendixA, type Known } from './appendix-a.ts';
import { envelopeOf } from './envelope.ts';
import { kindsWrong } from './kinds.ts';

const password = 'Passw0rd-of-the-tests';

t.test('every row', async (t) => {
  const services = await startServices(t);
  const { url, client } = services;
  const known = await prepare(t, services);
  const cookies = await signIn(url);
  const headersOf: Record<string, Record<string, string>> = {
    nobody: {},
    operator: new RestClient(url, 'operator', password).headers,
    another: new RestClient(url, 'another', password).headers,
    'session without token': { cookie: cookies },
    'another site': { ...client.headers, 'sec-fetch-site': 'cross-site' },
  };
  const send = async ({ method, path, body, form, as, headers }: Ask) => {
    const data = form === undefined ? undefined : new FormData();
    data?.set('uploadedfile', new Blob([form ?? '']), 'row.sh');
    const json = body !== undefined && !data;
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(as ? headersOf[as] : client.headers),
        ...(json && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(data ? { body: data } : json && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
  };

  for (const { row, ask, attributes, envelope, refused } of appendixA(known)) {
    await t.test(row, async (t) => {
      for (const [status, difference] of refused) {
        const wrong = { ...ask, ...difference };
        const answer = await send(wrong);
        const name = `${status}: ${JSON.stringify(difference).slice(0, 120)}`;
        t.equal(answer.status, status, name);
        t.equal(envelopeOf(answer, wrong.method, wrong.path), '', name);
      }
      const answer = await send(ask);
      t.equal(answer.status, 200, answer.body.slice(0, 300));
      const body = JSON.parse(answer.body);
      t.strictSame(kindsWrong(body, attributes), [], 'the attributes');
      if (envelope !== 'none') t.equal(body.result, 'success');
      if (envelope === 'objects')
        t.match(body.messages[0], {
          id: 'FQXHMSE0001I',
          text: String,
          recovery: { text: String, URL: String },
        });
      if (envelope === 'strings')
        t.ok(body.messages.every((message: unknown) => typeof message === 'string'));
    });
  }

  t.test('codes of every call', async (t) => {
    for (const [status, ask] of [
      [404, { method: 'GET', path: '/nowhere' }],
      [404, { method: 'GET', path: '/osImages/a/b' }],
      [405, { method: 'PATCH', path: '/tasks' }],
      [400, { method: 'GET', path: '/tasks/%E0%A4%A' }],
      [415, { method: 'PUT', path: '/tasks', body: {}, headers: { 'content-type': 'text/xml' } }],
      [413, { method: 'PUT', path: '/tasks', body: 'x'.repeat(2 ** 21) }],
    ] as [number, Ask][]) {
      const answer = await send(ask);
      t.equal(answer.status, status);
      t.equal(envelopeOf(answer, ask.method, ask.path), '', String(status));
    }
  });

  t.test('the packagers away: 503, in strings on an export', async (t) => {
    for (const { kill } of services.packagers) await kill('SIGTERM');
    for (const ask of [
      { method: 'GET', path: `/osImages/${encodeURIComponent(sampleProfileId)}` },
      { method: 'POST', path: '/osImages', body: { Action: 'Init' } },
    ]) {
      const answer = await send(ask);
      t.equal(answer.status, 503);
      t.match(answer.headers['retry-after'], /^\d+$/);
      t.equal(envelopeOf(answer, ask.method, ask.path), '');
    }
  });

  t.test('too many failed sign-ins: 429', async (t) => {
    const headers = { authorization: `Basic ${btoa('operator:wrong')}` };
    for (let left = 200; left > 0; left -= 1) {
      const answer = await send({ method: 'GET', path: '/tasks', as: 'nobody', headers });
      if (answer.status === 401) continue;
      t.equal(answer.status, 429);
      t.match(answer.headers['retry-after'], /^\d+$/);
      t.equal(envelopeOf(answer, 'GET', '/tasks'), '');
      return;
    }
    t.fail('never');
  });
});

/** Puts in what the rows need. */
async function prepare(t: Test, { client, db, dataDir, packagers, url }: RunningServices): Promise<Known> {
  const packager = connectPackager(packagers[0]!.address);
  t.teardown(() => packager.close());
  const signal = AbortSignal.timeout(120_000);
  await installSamples({ client: packager, db, storeRoot: join(dataDir, 'store'), signal });
  const passwordHash = await hashPassword(password);
  await insertUser(db, { name: 'operator', passwordHash, role: 'lxc-operator' });
  await insertUser(db, { name: 'another', passwordHash, role: 'lxc-os-admin' });
  const exported = await client.export(sampleProfileId);
  await client.ended(exported.jobID);
  const { serverId } = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', {
    address: '192.0.2.9',
    displayName: 'known',
    port: 22,
    protocol: 'SFTP',
    username: 'u',
    password: 'p',
  });
  const { installScriptFiles } = await client.ok<{ installScriptFiles: { id: string }[] }>(
    'GET',
    '/osImages',
  );
  const cancelledJob = await client.createImport('SCRIPT');
  await client.ok('PUT', '/tasks', { action: 'cancel', list: [cancelledJob] });
  await client.ended(cancelledJob);
  const other = await signIn(url);
  return {
    waitingJob: await client.createImport('SCRIPT'),
    runningJob: await client.createImport('SCRIPT'),
    foreignJob: await new RestClient(url, 'another', password).createImport('SCRIPT'),
    cancelledJob,
    endedJob: exported.jobID,
    archive: exported.filename,
    serverId,
    usedFile: installScriptFiles[0]!.id,
    session: /JSESSIONID=([^;]+)/.exec(other)![1]!,
  };
}

/** Gives the cookies of a new session. */
async function signIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ UserId: 'USERID', password }),
  });
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');
}
