/** Jobs that run again (contract, 10.1), and requests that come again with an Idempotency-Key (7.1). */
import { type Database, insertJob, purgeKeys, readSnapshot } from '@osimage/database';
import t from 'tap';
import type { TestGateway } from '../support/gateway.ts';
import { addFile, addImage } from '../support/image-rows.ts';
import { withPackager } from '../support/with-packager.ts';

const profileId = 'rhels9.4|rhels9.4-x86_64-install-Minimal';
const path = '/osImages/remoteFileServers';
const server = { address: '192.0.2.7', displayName: 'backup', port: 22, protocol: 'SFTP' };

interface Task {
  jobUID: string;
  createdBy: string;
  profileId: string;
  serverId: string | null;
  filename: string;
  retriedAs: string | null;
  jobTitle: string;
}

function caller({ app, headers }: TestGateway) {
  return async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object, more = {}) => {
    const answer = await app.inject({
      method,
      url,
      headers: { ...headers, ...more },
      ...(payload && { payload }),
    });
    return { code: answer.statusCode, body: answer.json() };
  };
}

const retry = (gateway: TestGateway, list: unknown[], more = {}) =>
  caller(gateway)('PUT', '/tasks', { action: 'retry', list }, more);

async function task(gateway: TestGateway, id: string): Promise<Task> {
  return (await caller(gateway)('GET', `/tasks/${id}`)).body[0];
}

/** An export that ended in this state. */
async function ended(db: Database, state: string, more: { serverId?: string; targetPath?: string } = {}) {
  const id = await insertJob(db, {
    ...{ kind: 'export', title: 'export', createdBy: 'USERID', requestId: '', profileId, filename: 'old' },
    ...more,
  });
  await db.query('update jobs set state = $2, ended_at = now(), percent = 100 where id = $1', [id, state]);
  return id;
}

async function jobs(db: Database): Promise<number> {
  return (await db.query('select from jobs')).rowCount ?? 0;
}

t.test('a failed, cancelled or interrupted export runs again as a new job', async (t) => {
  const gateway = await withPackager(t);
  const { db, addUser } = gateway;
  await addImage(db, 'rhels9.4');
  await caller(gateway)('POST', path, server);
  const headers = await addUser('else', 'lxc-os-admin');
  const old = [
    await ended(db, 'StoppedWithError'),
    await ended(db, 'Cancelled'),
    await ended(db, 'Interrupted', { serverId: '1', targetPath: '/backup/web.tar.gz' }),
  ];
  const answer = await retry(gateway, [old[0], Number(old[1]), old[2]], headers);
  t.match(answer, { code: 200, body: { result: 'success' } });
  const retried = answer.body.retried as { jobUID: string; retriedAs: string }[];
  t.strictSame(
    retried.map(({ jobUID }) => jobUID),
    old,
  );
  t.equal(new Set(retried.map(({ retriedAs }) => retriedAs)).size, 3);
  for (const [at, { jobUID, retriedAs }] of retried.entries()) {
    t.equal((await task(gateway, jobUID)).retriedAs, retriedAs, 'the old one names it');
    const made = await task(gateway, retriedAs);
    t.match(made, { profileId, createdBy: 'else', retriedAs: null, serverId: at === 2 ? '1' : null });
    t.match(
      made.filename,
      at === 2 ? /^web\.tar\.gz$/ : /^\d{14}_rhels9\.4-x86_64-install-Minimal.*\.tar\.gz$/,
    );
    t.match(await readSnapshot(db, retriedAs), '"encoder"', 'with a snapshot of its own');
  }
  const count = await jobs(db);
  t.strictSame((await retry(gateway, [old[0]])).body.retried, [retried[0]], 'again: the same successor');
  const both = await Promise.all([retry(gateway, [retried[0]!.jobUID]), retry(gateway, [old[0]])]);
  t.strictSame(both[0].body.retried, both[1].body.retried);
  t.equal(await jobs(db), count);

  // A successor that was deleted is none.
  await db.query(`update jobs set state = 'Cancelled', ended_at = now() where ended_at is null`);
  t.equal((await caller(gateway)('DELETE', `/tasks/${retried[0]!.retriedAs}`)).code, 200);
  t.equal((await task(gateway, old[0]!)).retriedAs, null);
  t.not((await retry(gateway, [old[0]])).body.retried[0].retriedAs, retried[0]!.retriedAs);
});

t.test('all or nothing, and said why', async (t) => {
  const gateway = await withPackager(t);
  const { db, addUser } = gateway;
  await addImage(db, 'rhels9.4');
  const failed = await ended(db, 'StoppedWithError');
  const complete = await ended(db, 'Complete');
  const noServer = await ended(db, 'StoppedWithError', { serverId: '7', targetPath: '/a/' });
  const gone = await ended(db, 'StoppedWithError');
  await db.query(`update jobs set profile_id = 'rhels9.4|gone' where id = $1`, [gone]);
  const upload = { imageType: 'SCRIPT', fileSize: 0 };
  const imported = await insertJob(db, {
    ...{ kind: 'import', title: 'import', createdBy: 'USERID', requestId: '', import: upload },
  });
  await db.query(`update jobs set state = 'Interrupted', ended_at = now() where id = $1`, [imported]);
  const waiting = await insertJob(db, {
    ...{
      kind: 'import',
      title: 'import',
      createdBy: 'USERID',
      requestId: '',
      import: upload,
      leaseMs: 60_000,
    },
  });
  const count = await jobs(db);
  for (const [list, code, text] of [
    [[failed, complete], 409, `Job ${complete} cannot run again: it is Complete`],
    [[failed, waiting], 409, 'it is Pending'],
    [[noServer], 409, 'There is no remote file server 7'],
    [[failed, gone], 409, 'There is no profile rhels9.4|gone'],
    [[imported], 409, 'an uploaded file is not kept'],
    [[failed, '999'], 404, 'no job 999'],
    [['x'], 404, 'no job x'],
    [[], 400, 'empty'],
  ] as const) {
    const answer = await retry(gateway, [...list]);
    t.equal(answer.code, code, `${text}: ${answer.body.messages[0].text}`);
    t.match(answer.body.messages[0].text, text);
  }
  t.equal(await jobs(db), count);
  t.equal((await task(gateway, failed)).retriedAs, null);
  t.equal((await retry(gateway, [failed], await addUser('reader', 'lxc-operator'))).code, 403);
});

t.test('an import from a remote file server runs again', async (t) => {
  const gateway = await withPackager(t);
  const { db } = gateway;
  await caller(gateway)('POST', path, server);
  const id = await insertJob(db, {
    ...{ kind: 'import', title: 'Import SCRIPT file a.sh', createdBy: 'USERID', requestId: '' },
    ...{ serverId: '1', targetPath: '/a.sh', queueId: '0198c0de-0000-7000-8000-000000000000' },
  });
  const order = { imageType: 'SCRIPT', name: 'a.sh', os: '', osrelease: '', description: '', size: 0 };
  await db.query(`update jobs set import = $2, state = 'StoppedWithError', ended_at = now() where id = $1`, [
    id,
    order,
  ]);
  const { retriedAs } = (await retry(gateway, [id])).body.retried[0];
  t.match(await task(gateway, retriedAs), { serverId: '1', jobTitle: 'Import SCRIPT file a.sh' });
  const { rows } = await db.query(
    'select import, target_path, queue_id is not null as queued from jobs where id = $1',
    [retriedAs],
  );
  t.strictSame(rows, [{ import: order, target_path: '/a.sh', queued: true }]);
  await db.query('delete from jobs where id = $1', [retriedAs]);
  await db.query('delete from servers');
  t.match(await retry(gateway, [id]), {
    code: 409,
    body: { messages: [{ text: /no remote file server 1/ }] },
  });
});

t.test('a repeated request with the same key gets the first answer', async (t) => {
  const gateway = await withPackager(t);
  const { db, addUser } = gateway;
  await addImage(db, 'rhels9.4', 'rhel', ['Minimal', 'Virtualization']);
  await addFile(db, 'a.sh', 'script');
  const call = caller(gateway);
  const start = (key: string, query = '', id = profileId, more = {}) =>
    call('GET', `/osImages/${encodeURIComponent(id)}${query}`, undefined, {
      'idempotency-key': key,
      ...more,
    });

  const first = await start('one');
  t.match(first, { code: 200, body: { jobID: /^\d+$/, filename: /\.tar\.gz$/, messages: [] } });
  t.strictSame(await start('one'), first);
  t.equal(await jobs(db), 1);
  const remark = await start('remark', '?path=/a');
  t.match(remark.body.messages, [/path was ignored/]);
  t.strictSame(await start('remark', '?path=/a'), remark, 'remarks as well');

  const many = await Promise.all(Array.from({ length: 10 }, () => start('many')));
  t.equal(many[0]!.code, 200);
  for (const answer of many) t.strictSame(answer, many[0]);
  t.equal(await jobs(db), 3, 'also when they come at once');

  for (const [query, id] of [
    ['?path=/b', profileId],
    ['', 'rhels9.4|rhels9.4-x86_64-install-Virtualization'],
  ] as const) {
    const other = await start('one', query, id);
    t.equal(other.code, 422);
    t.match(other.body, { filename: '', jobID: '', result: 'failed', messages: [/Idempotency-Key/, String] });
  }
  const headers = await addUser('else', 'lxc-os-admin');
  t.not((await start('one', '', profileId, headers)).body.jobID, first.body.jobID, 'keys belong to users');
  t.not((await start('two')).body.jobID, first.body.jobID);
  t.not((await start('two!')).body.jobID, first.body.jobID);
  const count = await jobs(db);
  for (const key of ['', 'a b', 'x'.repeat(201), 'ä'])
    t.equal((await start(key)).code, 400, `key ${key.slice(0, 9)}`);
  t.equal((await start('x'.repeat(200), '', 'rhels9.4|none')).code, 404);
  t.equal(await jobs(db), count);
  t.equal((await start('x'.repeat(200))).code, 200, 'a failure is not kept');

  await db.query(`update jobs set state = 'Cancelled', ended_at = now() where ended_at is null`);
  await call('DELETE', `/tasks/${first.body.jobID}`);
  t.strictSame(await start('one'), first, 'the answer outlives the job');
  t.equal(await purgeKeys(db, 60_000), 0);
  await db.query(`update idempotency_keys set created_at = now() - interval '2 hours' where key = 'one'`);
  t.equal(await purgeKeys(db, 3_600_000), 2);
  t.not((await start('one')).body.jobID, first.body.jobID, 'and is forgotten one day');
});
