/** GET /metrics: for everybody who is signed in, bounded, and with the licence when there is one. */
import { loadSettings } from '@osimage/settings';
import t from 'tap';
import { buildApp } from '../../services/gateway/app.ts';
import { createTestGateway } from '../support/gateway.ts';

/** The value of a metric; undefined when it is not there. */
function valueIn(text: string, series: string): number | undefined {
  const line = text.split('\n').find((found) => found.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

t.test('counts requests by route, and failures by code', async (t) => {
  const { app, headers, addUser } = await createTestGateway(t);
  const operator = await addUser('prometheus', 'lxc-operator');
  t.equal((await app.inject({ url: '/metrics' })).statusCode, 401);
  for (const id of ['1', '2', '<script>', 'x'.repeat(200)])
    await app.inject({ url: `/tasks/${encodeURIComponent(id)}`, headers });
  await app.inject({ url: '/tasks', headers });
  for (const path of ['/nowhere', '/some/where/else']) await app.inject({ url: path, headers });
  await app.inject({ method: 'PATCH', url: '/tasks', headers });
  const answer = await app.inject({ url: '/metrics', headers: operator });
  t.equal(answer.statusCode, 200);
  t.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);
  const text = answer.body;
  const requests = (labels: string) => valueIn(text, `osimage_http_requests_total{${labels}}`);
  t.equal(requests('method="GET",route="/tasks/:list",status="404"'), 4);
  t.equal(requests('method="GET",route="/tasks",status="200"'), 1);
  t.equal(requests('method="GET",route="(none)",status="404"'), 2);
  t.equal(requests('method="PATCH",route="(none)",status="405"'), 1);
  t.equal(valueIn(text, 'osimage_http_errors_total{code="not_found"}'), 4);
  t.equal(valueIn(text, 'osimage_http_errors_total{code="route_not_found"}'), 2);
  t.equal(valueIn(text, 'osimage_http_errors_total{code="sign_in_required"}'), 1);
  const tasks = 'method="GET",route="/tasks/:list"';
  t.equal(valueIn(text, `osimage_http_request_duration_seconds_count{${tasks}}`), 4);
  t.equal(valueIn(text, `osimage_http_request_duration_seconds_bucket{le="+Inf",${tasks}}`), 4);
  t.ok(valueIn(text, `osimage_http_request_duration_seconds_sum{${tasks}}`)! > 0);
  t.ok(valueIn(text, 'process_resident_memory_bytes')! > 1e7);
  t.ok(valueIn(text, 'nodejs_eventloop_lag_p99_seconds') !== undefined);
  t.notMatch(text, /nowhere|script>|xxx/, 'no path of a caller');
  t.notMatch(text, /osimage_license/, 'no licence is asked for');
});

t.test('the licence: its end, and the days left', async (t) => {
  const { services, headers } = await createTestGateway(t);
  const read = async (until: string) => {
    const settings = loadSettings({ DATA_DIR: services.settings.DATA_DIR, LICENSE_VALID_UNTIL: until });
    const app = await buildApp({ ...services, settings });
    const { body } = await app.inject({ url: '/metrics', headers });
    await app.close();
    return body;
  };
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  const end = inDays(10);
  const valid = await read(end);
  t.equal(valueIn(valid, 'osimage_license_valid_until_seconds'), Date.parse(end) / 1_000);
  const left = valueIn(valid, 'osimage_license_days_left')!;
  t.ok(left <= 10 && left > 9.9, `${left}`);
  t.ok(valueIn(await read(inDays(-3)), 'osimage_license_days_left')! <= -3);
});
