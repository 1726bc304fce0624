/** PostgreSQL goes away for a while: callers are told to come back, jobs go on. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase, removeEmbedded, startEmbedded } from '@osimage/database';
import t from 'tap';
import { makeBigProfile } from '../support/big-profile.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';

t.test('the database restarts in the middle of an export', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'osimage-away-'));
  t.teardown(async () => {
    await removeEmbedded(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  });
  let embedded = await startEmbedded({ dataDir });
  t.teardown(() => embedded.stop());
  const services = await startServices(t, { env: { DATABASE_URL: embedded.url } });
  const { client } = services;
  const profileId = await makeBigProfile(client, dataDir, 600);
  const { jobID, filename } = await client.export(profileId);
  const folder = join(services.dataDir, 'store/exports');
  await until(async () => (await readdir(folder)).length > 0);
  await embedded.stop();

  const answer = await client.fetch('GET', `/tasks/${jobID}`);
  t.equal(answer.status, 503);
  t.ok(Number(answer.headers.get('retry-after')) >= 1, 'and when to come back');
  t.match(await answer.json(), { result: 'failed', messages: [{ text: /cannot reach/ }] });
  const refused = await client.fetch('GET', `/osImages/${encodeURIComponent(profileId)}`);
  t.equal(refused.status, 503, 'no job is accepted that would not be recorded');
  t.match(await refused.json(), { result: 'failed', filename: '', jobID: '', messages: [/cannot reach/] });

  embedded = await startEmbedded({ dataDir });
  const db: Database = openDatabase(embedded.url);
  t.teardown(() => db.close());
  await until(async () => (await client.fetch('GET', `/tasks/${jobID}`)).status === 200);
  const task = await client.ended(jobID);
  t.equal(task.status, 'Complete', JSON.stringify(task.error));
  t.equal((await client.fetch('HEAD', `/osImages/${filename}`)).status, 200);
  const { rows } = await db.query<{ count: number }>('select count(*)::int as count from archives');
  t.equal(rows[0]?.count, 1, 'published once');
});
