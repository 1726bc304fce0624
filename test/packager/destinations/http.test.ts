// Deliveries over HTTP and HTTPS to nginx, with WebDAV and without, and what servers refuse.
import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { httpDestination } from '../../../services/packager/destinations/http.ts';
import type { ServerProfile } from '../../../services/packager/server-profile.ts';
import { transferLimits } from '../../../services/packager/transfer-limits.ts';
import { createAuthority, loopbackNames } from '../../support/certificates.ts';
import { checkSum, deliveryTo, problemOf, someBytes } from '../../support/delivery.ts';
import { destinationSuite } from '../../support/destination-suite.ts';
import { startNginx } from '../../support/nginx.ts';

const deliver = httpDestination();
const impatient = httpDestination({ ...transferLimits, silenceMs: 600, answerMs: 600, cleanUpMs: 600 });
const content = someBytes(300_000);

const dav = (methods: string, more = '') =>
  `location / { dav_methods ${methods}; create_full_put_path on; client_max_body_size 0; ${more} }`;
// All that nginx says of a folder it may not write to.
const permission = 'remote_failed';
const everything = dav('PUT DELETE MKCOL MOVE');

t.test('as every destination: HTTP with WebDAV', (t) =>
  destinationSuite(t, {
    deliver,
    impatient,
    permission,
    hidden: true,
    start: (t) => startNginx(t, { locations: everything, writable: true }),
  }),
);

t.test('HTTPS', async (t) => {
  const authority = await createAuthority(t);
  if (authority === undefined) return;
  const good = await authority.issue('good', '/CN=good', { names: loopbackNames });
  const authorities = [await readFile(authority.ca, 'utf8')];

  await t.test('as every destination, to a server that only takes files', (t) =>
    destinationSuite(t, {
      deliver,
      impatient,
      permission,
      direct: true,
      start: (t) => startNginx(t, { certificate: good, locations: dav('PUT DELETE'), writable: true }),
      changes: { authorities },
    }),
  );

  await t.test('a certificate nobody vouches for, and one that has expired', async (t) => {
    const old = await authority.issue('old', '/CN=old', {
      names: loopbackNames,
      days: -1,
    });
    const server = await startNginx(t, { certificate: good, locations: everything, writable: true });
    const expired = await startNginx(t, { certificate: old, locations: everything, writable: true });
    if (server === undefined || expired === undefined) return;
    t.match(await problemOf(deliver(deliveryTo(server.profile, content, '/f'))), {
      code: 'certificate_refused',
      transient: false,
    });
    const late = deliveryTo(expired.profile, content, '/f', { authorities });
    t.match(await problemOf(deliver(late)), { code: 'certificate_refused', message: /expired/ });
  });
});

async function start(t: Test, locations: string) {
  const server = await startNginx(t, { locations, writable: true });
  if (server === undefined) return undefined;
  const to = (path: string, changes: Partial<ServerProfile> = {}) =>
    deliveryTo({ ...server.profile, ...changes }, content, path);
  return { ...server, to };
}

t.test('what the job is told', async (t) => {
  const server = await start(t, everything);
  if (server === undefined) return;
  const { notes } = await deliver(server.to('/plain'));
  t.strictSame(notes, ['HTTP has no encryption: password and archive could be read on the way.']);
  const direct = await start(t, dav('PUT'));
  t.match((await deliver(direct!.to('/plain'))).notes, [/no encryption/, /cannot rename/]);
});

t.test('a server that wants a token', async (t) => {
  const server = await start(
    t,
    `location / { auth_basic off; if ($http_authorization != "Bearer the-token") { return 401; }
       dav_methods PUT DELETE MKCOL MOVE; client_max_body_size 0; }`,
  );
  if (server === undefined) return;
  const bearer = (password: string) =>
    server.to('/f', {
      username: '',
      password,
      options: { ...server.profile.options, authentication: 'bearer' },
    });
  await deliver(bearer('the-token'));
  t.match(await checkSum(join(server.folder, 'f')), /: OK$/);
  t.match(await problemOf(deliver(bearer('another'))), { code: 'login_refused', transient: false });
});

t.test('what a server refuses, each with its own sentence', async (t) => {
  const refusals = {
    'PUT DELETE MKCOL MOVE; client_max_body_size 100k': { code: 'remote_limit', transient: false },
    off: { code: 'put_not_offered', transient: false },
  };
  for (const [methods, expected] of Object.entries(refusals)) {
    const server = await start(t, `location / { dav_methods ${methods}; }`);
    if (server === undefined) return;
    t.match(await problemOf(deliver(server.to('/f'))), expected, methods);
    t.strictSame(await readdir(server.folder), []);
  }
  const statuses = {
    403: 'remote_permission',
    507: 'remote_full',
    503: 'remote_failed',
    308: 'redirect_refused',
  };
  for (const [status, code] of Object.entries(statuses)) {
    const answer =
      status === '308' ? 'return 308 http://elsewhere.example/f?token=secret;' : `return ${status};`;
    const server = await start(t, `location / { if ($request_method = PUT) { ${answer} } }`);
    const problem = await problemOf(deliver(server!.to('/f')));
    t.equal(problem.code, code, status);
    t.notMatch(problem.message, /secret/);
  }
});

t.test('folders are made by the server that has no MKCOL', async (t) => {
  const server = await start(t, dav('PUT MOVE DELETE'));
  if (server === undefined) return;
  await deliver(server.to('/a/b/c'));
  t.match(await checkSum(join(server.folder, 'a/b/c')), /: OK$/);
});

t.test('other people’s files stay', async (t) => {
  const server = await start(t, dav('PUT DELETE'));
  if (server === undefined) return;
  await mkdir(join(server.folder, 'd'));
  await writeFile(join(server.folder, 'd/f'), 'precious');
  await chown(join(server.folder, 'd'), 65_534, -1).catch(() => undefined);
  const wrong = server.to('/d/f', { password: 'wrong' });
  t.equal((await problemOf(deliver(wrong))).code, 'login_refused');
  t.equal(await readFile(join(server.folder, 'd/f'), 'utf8'), 'precious');
});
