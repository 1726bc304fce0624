/** What the services tell a monitoring system of a day's work, and that rules and dashboard ask for nothing else. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { importWindows } from '../support/sample-profile.ts';
import { startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

const root = join(import.meta.dirname, '../..');

/** Sum of the samples of a metric that have these labels. */
function sumOf(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const fitting = lines.filter((line) =>
    Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)),
  );
  if (fitting.length === 0) return undefined;
  return fitting.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

t.test('gateway and packager', async (t) => {
  const services = await startServices(t, { packagerEnv: { PACKAGER_METRICS_LISTEN: '127.0.0.1:0' } });
  const { client } = services;
  const folder = await mkdtemp(join(tmpdir(), 'osimage-metrics-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const at = await until(async () => /"metrics":"([^"]+)"/.exec(await services.logs())?.[1]);
  const packager = async (path: string) => await fetch(`http://${at}${path}`);
  t.equal((await packager('/healthz')).status, 200);
  await until(async () => (await packager('/readyz')).status === 200);
  t.equal((await packager('/anything')).status, 404);
  t.equal((await fetch(`http://${at}/metrics`, { method: 'POST' })).status, 405);

  const imageId = await importWindows(client, folder, 'win2016');
  const profileId = `${imageId}|${imageId}-x86_64-install-Standard`;
  const exported = await client.ended((await client.export(profileId)).jobID);
  const size = exported.size ?? 0;
  const download = await client.fetch('GET', `/osImages/${exported.filename}`);
  t.equal((await download.arrayBuffer()).byteLength, size);
  const unreachable = {
    displayName: 'nobody',
    address: '127.0.0.1',
    port: 1,
    protocol: 'SFTP',
    username: 'u',
  };
  const add = async (server: object) =>
    (await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', server)).serverId;
  const nobody = await add({ ...unreachable, password: 'p' });
  const failing = await client.export(profileId, `?serverId=${nobody}&path=/x`);
  await client.watch(failing.jobID, (task) => task.attempts.some(({ error }) => error !== null));
  await client.fetch('PUT', `/tasks/${failing.jobID}`, { action: 'cancel' });
  const sftp = await startSshd(t);
  let serverId: string | undefined;
  if (sftp) {
    const { address, port, username, password } = sftp;
    serverId = await add({ displayName: 'files', address, port, protocol: 'SFTP', username, password });
    const query = `?serverId=${serverId}&path=${encodeURIComponent(`${sftp.folder}/`)}`;
    t.match(await client.ended((await client.export(profileId, query)).jobID), { status: 'Complete' });
  }

  const theirs = await (await packager('/metrics')).text();
  const ours = await (await client.fetch('GET', '/metrics')).text();
  const exports = sftp ? 2 : 1;
  t.equal(sumOf(theirs, 'osimage_job_attempts_total', { kind: 'export', outcome: 'complete' }), exports);
  t.equal(sumOf(theirs, 'osimage_job_attempts_total', { kind: 'import', outcome: 'complete' }), 1);
  t.equal(sumOf(theirs, 'osimage_job_duration_seconds_count', { kind: 'export' }), exports);
  t.ok(sumOf(theirs, 'osimage_job_wait_seconds_count', { kind: 'export' })! > exports, 'the failed one too');
  t.ok(sumOf(theirs, 'osimage_job_failures_total', { kind: 'export', code: 'host_unreachable' })! >= 1);
  if (serverId)
    t.equal(sumOf(theirs, 'osimage_server_bytes_total', { server: serverId, direction: 'out' }), size);
  t.equal(sumOf(ours, 'osimage_download_bytes_total'), size);
  t.ok(sumOf(ours, 'osimage_upload_bytes_total')! > 0);
  t.equal(sumOf(ours, 'osimage_jobs', { kind: 'export', state: 'Complete' }), exports);
  t.equal(sumOf(ours, 'osimage_queue_due'), 0);
  t.equal(sumOf(ours, 'osimage_store_used_bytes', { what: 'archives' }), size);
  t.ok(sumOf(ours, 'osimage_store_available_bytes')! > 0);
  t.equal(sumOf(ours, 'osimage_ready', { part: 'database' }), 1);

  await t.test('rules and dashboard ask for what there is', async (t) => {
    const known = new Set(
      [...`${theirs}\n${ours}`.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name]) => name),
    );
    // Shown only where a licence is asked for, or after something was lost or damaged.
    for (const name of ['osimage_license_days_left']) known.add(name);
    for (const file of ['deploy/prometheus/alerts.yml', 'deploy/grafana/osimage-export.json']) {
      const text = await readFile(join(root, file), 'utf8');
      const asked = new Set([...text.matchAll(/\b(?:osimage|process|nodejs)_\w+/g)].map(([name]) => name));
      asked.delete('osimage_export');
      for (const name of asked)
        t.ok(known.has(name.replace(/_(?:bucket|count|sum)$/, '')), `${file}: ${name}`);
    }
  });
  await t.test('the page names every metric of ours', async (t) => {
    const page = await readFile(join(root, 'docs/monitoring.md'), 'utf8');
    const names = [...`${theirs}\n${ours}`.matchAll(/^# TYPE (osimage_\w+) /gm)].map(
      ([, name]) => name ?? '',
    );
    for (const name of new Set(names)) t.ok(page.includes(`\`${name}\``), name);
  });
});

t.test(
  'the request id goes from the call to every line of its job, and who has nothing to do says nothing',
  async (t) => {
    const services = await startServices(t, { env: { LOG_LEVEL: 'info' } });
    const { client, db } = services;
    const folder = await mkdtemp(join(tmpdir(), 'osimage-lines-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const imageId = await importWindows(client, folder, 'win2016');
    const path = `/osImages/${encodeURIComponent(`${imageId}|${imageId}-x86_64-install-Standard`)}`;
    const answer = await client.fetch('GET', path, undefined, { 'x-request-id': 'the-request-of-the-test' });
    const { jobID } = (await answer.json()) as { jobID: string };
    await client.ended(jobID);
    type Line = {
      job?: string;
      request?: string;
      reqId?: string;
      name?: string;
      level: unknown;
      msg: string;
    };
    const lines = async () =>
      (await services.logs())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
    const ofJob = (await lines()).filter(({ job }) => job === jobID);
    t.ok(ofJob.length >= 2, 'started and complete');
    const ids = new Set(ofJob.map(({ request }) => request));
    t.equal(ids.size, 1, 'one request');
    const [id] = ids;
    t.ok(id, 'that is known');
    t.equal(answer.headers.get('x-request-id'), id, 'to the caller too');

    const { rows } = await db.query<{ now: Date }>('select clock_timestamp() as now');
    const before = (await lines()).length;
    await until(async () => {
      const swept = await db.query(
        `select from pg_stat_activity where query like '%pg_try_advisory_xact_lock%' and query_start > $1`,
        [rows[0]!.now],
      );
      return swept.rowCount === 1;
    });
    t.equal((await lines()).length, before, 'no line while it sweeps and finds nothing');
  },
);
