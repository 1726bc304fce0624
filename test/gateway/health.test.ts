/** `/healthz`, `/readyz` and gRPC health tell the truth: without a packager, with a silent database, while stopping. */
import { connectPackager } from '@osimage/packaging-api';
import t from 'tap';
import { createEmptyDatabase } from '../support/database.ts';
import { createTestGateway } from '../support/gateway.ts';
import { startProxy } from '../support/proxy.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';
import { withPackager } from '../support/with-packager.ts';

t.test('without a packager, and while it stops', async (t) => {
  const alone = await createTestGateway(t);
  t.match((await alone.app.inject('/healthz')).json(), { result: 'success' }, 'it runs all the same');
  const answer = await alone.app.inject('/readyz');
  t.equal(answer.statusCode, 503);
  t.ok(answer.headers['retry-after']);
  t.match(answer.json(), {
    result: 'failed',
    messages: [{ id: 'FQXHMFC9380M', text: /no packager answers/ }],
    draining: false,
    database: true,
    packager: false,
  });

  const { app } = await withPackager(t);
  const ready = await app.inject('/readyz');
  t.equal(ready.statusCode, 200, ready.body);
  t.match(ready.json(), { result: 'success', draining: false, database: true, packager: true });
  app.drain();
  const stopping = await app.inject('/readyz');
  t.equal(stopping.statusCode, 503);
  t.match(stopping.json(), { draining: true, messages: [{ text: /it is stopping/ }] });
  t.equal((await app.inject('/healthz')).statusCode, 200);
});

t.test('a database that has fallen silent, and a packager that ends', async (t) => {
  const url = new URL(await createEmptyDatabase(t));
  const silent = await startProxy(
    t,
    `${url.searchParams.get('host')}/.s.PGSQL.${url.searchParams.get('port')}`,
  );
  const user = url.searchParams.get('user');
  const throughProxy = `postgresql://${user}@127.0.0.1:${silent.port}${url.pathname}`;
  const { client, packagers } = await startServices(t, { env: { DATABASE_URL: throughProxy } });
  const packager = connectPackager(packagers[0]!.address);
  t.teardown(() => packager.close());
  const serves = () => packager.serving(1_000);
  const readiness = async () =>
    (await (await client.fetch('GET', '/readyz')).json()) as Record<string, unknown>;
  const ready = async () => (await readiness()).result === 'success';
  await until(ready);
  t.ok(await serves());

  silent.freeze();
  await until(async () => (await readiness()).database === false);
  await until(async () => !(await serves()));
  t.equal((await client.fetch('GET', '/healthz')).status, 200);
  // Connections that said nothing in time are replaced; those made now get through.
  await until(serves);
  await until(ready);

  await packagers[0]!.kill('SIGTERM');
  t.notOk(await serves());
  await until(async () => (await readiness()).packager === false);
});
