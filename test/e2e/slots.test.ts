/** The limit of a remote file server, kept by four packager processes that know nothing of each other. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '@osimage/database';
import t from 'tap';
import { startGate } from '../support/gate.ts';
import { importWindows } from '../support/sample-profile.ts';
import { startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

/** How many attempts at jobs of the server were under way at the same time, at most. */
async function mostAtOnce(db: Database, serverId: string): Promise<number> {
  const { rows } = await db.query<{ most: number }>(
    `with spans as (select a.started_at, a.ended_at from job_attempts a join jobs j on j.id = a.job_id
                    where j.server_id = $1)
     select max((select count(*) from spans o
                 where o.started_at <= s.started_at and coalesce(o.ended_at, 'infinity') > s.started_at))::int as most
     from spans s`,
    [serverId],
  );
  return rows[0]!.most;
}

t.test('exports to one server, from four packagers', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-slots-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  const env = { SERVER_JOBS: '2', PACKAGER_JOBS: '3' };
  const { client, db } = await startServices(t, { packagers: 4, env });
  const imageId = await importWindows(client, folder, 'win2016');
  const profileId = `${imageId}|${imageId}-x86_64-install-Standard`;
  const gate = await startGate(t, sftp.port);
  const addServer = async (displayName: string, port: number) => {
    const { address, username, password } = sftp;
    const server = { displayName, address, port, protocol: 'SFTP', username, password };
    return (await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', server)).serverId;
  };
  const slow = await addServer('the slow one', gate.port);
  const other = await addServer('another', sftp.port);
  const deliver = async (serverId: string, name: string) => {
    const path = encodeURIComponent(`${sftp.folder}/${name}`);
    return (await client.export(profileId, `?serverId=${serverId}&path=${path}`)).jobID;
  };

  const jobs: string[] = [];
  for (let n = 1; n <= 14; n++) jobs.push(await deliver(slow, `${n}.tar.gz`));
  const atServer = async () =>
    (await db.query('select from jobs where server_id = $1 and slot is not null', [slow])).rowCount;
  await until(async () => (await atServer()) === 2 && gate.held >= 2);

  const tasks = await Promise.all(jobs.map((id) => client.task(id)));
  t.equal(tasks.filter(({ status }) => status === 'Running').length, 2);
  const waiting = tasks.filter(({ status }) => status === 'Pending');
  t.equal(waiting.length, 12);
  for (const task of waiting)
    t.match(task, { step: 'waiting for a free slot on the slow one', attempts: [], percentage: 0 });

  // Those who wait hold no worker and stand before nobody.
  t.match(await client.ended((await client.export(profileId)).jobID), { status: 'Complete' });
  t.match(await client.ended(await deliver(other, 'other.tar.gz')), { status: 'Complete' });
  const cancelled = jobs.pop()!;
  await client.ok('PUT', '/tasks', { action: 'cancel', list: [cancelled] });
  t.match(await client.task(cancelled), { status: 'Cancelled', attempts: [] });

  gate.open();
  const ended = await Promise.all(jobs.map((id) => client.ended(id)));
  for (const task of ended) t.match(task, { status: 'Complete', attempts: [{ error: null }] });
  t.ok((await mostAtOnce(db, slow)) <= 2, 'never more than two');
  t.equal((await readdir(sftp.folder)).filter((name) => name.endsWith('.sha256')).length, 14);
  const { rows } = await db.query<{ id: string }>(
    'select job_id::text as id from job_attempts where job_id = any($1::bigint[]) order by started_at',
    [jobs],
  );
  const startedAs = rows.map((row) => jobs.indexOf(row.id));
  t.ok(
    startedAs.every((age, turn) => Math.abs(age - turn) < 2),
    `in the order of their age, ${startedAs}`,
  );
  const workers = new Set(ended.flatMap(({ attempts }) => attempts.map(({ worker }) => worker)));
  t.comment(`by ${workers.size} packagers`);
  t.equal(await atServer(), 0, 'every slot was given back');
});
