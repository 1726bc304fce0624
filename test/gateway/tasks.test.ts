/** `/tasks`: what watchers see, and the ways to page and filter (contract, section 10 and Appendix B). */
import { insertJob, type NewJob } from '@osimage/database';
import { Problem } from '@osimage/errors';
import t from 'tap';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';
import { withPackager } from '../support/with-packager.ts';

const job: NewJob = {
  kind: 'export',
  title: 'Export OS-image profile web',
  createdBy: 'USERID',
  requestId: '',
  profileId: 'win2016|web',
  filename: '20260131054310_web.tar.gz',
};

async function get({ app, headers }: TestGateway, url: string) {
  const answer = await app.inject({ url, headers });
  return { code: answer.statusCode, body: answer.json() };
}

t.test('a job shows every attribute, in a bare array', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  const id = await insertJob(db, { ...job, serverId: '101', targetPath: '/a' });
  const { code, body } = await get(gateway, `/tasks/${id}`);
  t.equal(code, 200);
  const waiting = {
    jobUID: id,
    jobTitle: job.title,
    jobCategory: 'OsImport',
    status: 'Pending',
    jobState: 'Pending',
    percentage: 0,
    complete: false,
    createdBy: 'USERID',
    startTime: body[0].startTime,
    endTime: null,
    isCancelable: true,
    children: [],
    step: 'waiting',
    bytesDone: 0,
    bytesTotal: 0,
    error: null,
    jobSummary: '',
    attempts: [],
    profileId: job.profileId,
    serverId: '101',
    filename: job.filename,
    finalPath: null,
    size: null,
    sha256: null,
    objectId: null,
    notes: [],
    retriedAs: null,
  };
  t.strictSame(body, [waiting]);
  t.match(body[0].startTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

  await db.query(
    `update jobs set state = 'Complete', ended_at = '2026-01-31T05:43:19Z', started_at = '2026-01-31T05:43:10.9Z',
       percent = 100, step = 'done', bytes_done = 7, bytes_total = 7, size = 7, sha256 = $1, final_path = '/a/b'`,
    [Buffer.alloc(32, 0xab)],
  );
  t.strictSame((await get(gateway, `/tasks/${id}`)).body, [
    {
      ...waiting,
      status: 'Complete',
      jobState: 'Complete',
      percentage: 100,
      complete: true,
      startTime: '2026-01-31T05:43:10Z',
      endTime: '2026-01-31T05:43:19Z',
      isCancelable: false,
      step: 'done',
      bytesDone: 7,
      bytesTotal: 7,
      size: 7,
      sha256: 'ab'.repeat(32),
      finalPath: '/a/b',
    },
  ]);
});

t.test('why it failed needs no log', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  const id = await insertJob(db, job);
  const error = new Problem('login_refused', { address: '192.0.2.7', username: 'store' }).toJSON();
  await db.query(`update jobs set state = 'StoppedWithError', ended_at = now(), error = $1, percent = 37`, [
    error,
  ]);
  await db.query(
    `insert into job_attempts (job_id, attempt, worker, started_at, ended_at, error) values
     ($1, 2, 'b/2', '2026-01-31T05:43:12Z', null, null),
     ($1, 1, 'a/1', '2026-01-31T05:43:10Z', '2026-01-31T05:43:11Z', $2)`,
    [id, error],
  );
  const shown = {
    id: error.id,
    code: 'login_refused',
    text: error.text,
    explanation: '',
    recovery: { text: error.recovery, URL: '' },
  };
  t.match((await get(gateway, `/tasks/${id}`)).body, [
    {
      status: 'StoppedWithError',
      percentage: 100,
      complete: true,
      error: shown,
      jobSummary: `${error.text} ${error.recovery}`,
      attempts: [
        { started: '2026-01-31T05:43:10Z', ended: '2026-01-31T05:43:11Z', worker: 'a/1', error: shown },
        { started: '2026-01-31T05:43:12Z', ended: null, worker: 'b/2', error: null },
      ],
    },
  ]);
});

t.test('100 per cent is for the end only', async (t) => {
  const gateway = await createTestGateway(t);
  const id = await insertJob(gateway.db, job);
  for (const [percent, shown] of [
    [33.3333, 33.3],
    [99, 99],
    [99.99, 99],
    [100, 99],
  ] as const) {
    await gateway.db.query(`update jobs set state = 'Running', percent = $1`, [percent]);
    t.equal((await get(gateway, `/tasks/${id}`)).body[0].percentage, shown);
  }
});

t.test('a list of ids gives each of them, or 404 for the whole call', async (t) => {
  const gateway = await createTestGateway(t);
  const [a, b, c] = [
    await insertJob(gateway.db, job),
    await insertJob(gateway.db, job),
    await insertJob(gateway.db, job),
  ];
  const ids = async (list: string) =>
    (await get(gateway, `/tasks/${list}`)).body.map((task: { jobUID: string }) => task.jobUID);
  t.same(await ids(`${c},${a},${b}`), [c, a, b]);
  t.same(await ids(`${a}%2C${b}`), [a, b], 'an encoded comma');
  t.same(await ids(`${a},`), [a]);
  t.same(await ids(`${a}?compact=true`), [a]);
  for (const list of [`${a},999`, 'x', '0', '-1', '1.0', '1%20or%201', '9'.repeat(30), '%F0%9F%94%91']) {
    const { code, body } = await get(gateway, `/tasks/${list}`);
    t.equal(code, 404, list);
    t.match(body, { result: 'failed', messages: [{ id: 'FQXHMFC9002M' }] });
  }
  t.equal((await get(gateway, '/tasks/,')).code, 400);
  const many = Array.from({ length: 1_500 }, (_, index) => index + 1).join(',');
  t.equal((await get(gateway, `/tasks/${many}`)).code, 400, 'more than are ever given at once');
});

t.test('the newest 1,000, paged and filtered', async (t) => {
  const gateway = await createTestGateway(t);
  await gateway.db.query(
    `insert into jobs (kind, state, ended_at, title, created_by, created_at)
     select 'export', case n % 4 when 0 then 'Complete' when 1 then 'Running' when 2 then 'Pending' else 'Cancelled' end,
       case when n % 4 in (0, 3) then now() end, 'job ' || n, 'user' || n % 3,
       timestamptz '2026-01-01T00:00:00Z' + n * interval '1 minute'
     from generate_series(1, 1010) n`,
  );
  const ids = async (query: string) =>
    (await get(gateway, `/tasks?${query}`)).body.map((task: { jobUID: string }) => Number(task.jobUID));
  const all = await ids('');
  t.equal(all.length, 1000);
  t.same([all[0], all.at(-1)], [1010, 11], 'newest first');
  t.same(await ids('before=11'), [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  t.same(await ids('limit=3&before=11'), [10, 9, 8]);
  t.same(await ids('status=Complete&before=11'), [8, 4]);
  t.same(await ids('status=Complete,Running&before=11'), [9, 8, 5, 4, 1]);
  t.same(await ids('createdBy=user2&before=11'), [8, 5, 2]);
  t.same(await ids('since=2026-01-01T16:50:00Z'), [1010]);
  t.same(await ids('createdBy=nobody'), []);
  for (const query of [
    'limit=0',
    'limit=1001',
    'limit=x',
    'before=x',
    'status=Done',
    'since=yesterday',
    'limit=1&limit=2',
  ]) {
    const { code, body } = await get(gateway, `/tasks?${query}`);
    t.equal(code, 400, query);
    t.match(body, { result: 'failed', messages: [{ id: 'FQXHMFC9001M' }] });
  }
  const { body } = await get(gateway, '/tasks?compact=true&limit=1');
  t.same(body[0].children, []);
});

t.test('nobody sets the progress of our jobs, and a wrong action does nothing', async (t) => {
  const gateway = await createTestGateway(t);
  const { app, headers, db } = gateway;
  const id = await insertJob(db, job);
  const put = (url: string, payload: object) => app.inject({ method: 'PUT', url, headers, payload });
  for (const payload of [
    { jobUID: id, percentage: 50 },
    { cancelURL: 'http://x/', cancelRESTMethod: 'GET', expirationTimeOut: -1 },
  ]) {
    const answer = await put(`/tasks/${id}`, payload);
    t.equal(answer.statusCode, 403);
    t.match(answer.json(), { messages: [{ id: 'FQXHMJM9002M' }] });
  }
  t.equal((await put('/tasks/999', {})).statusCode, 404);
  for (const payload of [
    { action: 'stop', list: [id] },
    { action: 'cancel' },
    { action: 'cancel', list: [] },
    { action: 'cancel', list: id },
    { action: 'cancel', list: [{}] },
    { list: [id] },
  ])
    t.equal((await put('/tasks', payload)).statusCode, 400, JSON.stringify(payload));
  t.match((await get(gateway, `/tasks/${id}`)).body, [{ status: 'Pending', percentage: 0 }]);
});

t.test('cancel and delete reach the packager, all or nothing, by the name of the user', async (t) => {
  const gateway = await withPackager(t);
  const { app, db, addUser } = gateway;
  const headers = await addUser('Jörg', 'lxc-os-admin');
  const [a, b, c] = [await insertJob(db, job), await insertJob(db, job), await insertJob(db, job)];
  await db.query(`update jobs set state = 'Complete', ended_at = now(), percent = 100 where id = $1`, [c]);
  const states = async () =>
    (await get(gateway, '/tasks')).body.map((task: { status: string }) => task.status).reverse();
  const cancel = (list: unknown[]) =>
    app.inject({ method: 'PUT', url: '/tasks', headers, payload: { action: 'cancel', list } });
  const remove = (list: string) => app.inject({ method: 'DELETE', url: `/tasks/${list}`, headers });

  t.equal((await cancel([a, '999'])).statusCode, 404);
  t.same(await states(), ['Pending', 'Pending', 'Complete'], 'nothing done');
  const answer = await cancel([Number(a), c]);
  t.equal(answer.statusCode, 200);
  t.match(answer.json(), { result: 'success' });
  t.same(await states(), ['Cancelled', 'Pending', 'Complete'], 'a finished one stays as it is');
  t.match((await get(gateway, `/tasks/${a}`)).body, [
    { percentage: 100, complete: true, isCancelable: false, error: { code: 'cancelled', text: /by Jörg/ } },
  ]);

  t.equal((await remove(`${a},999`)).statusCode, 404);
  const unfinished = await remove(`${a},${b}`);
  t.equal(unfinished.statusCode, 409);
  t.match(unfinished.json(), { messages: [{ id: 'FQXHMJM9001M', text: `Job ${b} is not finished.` }] });
  t.equal((await states()).length, 3, 'nothing done');
  t.equal((await remove(`${a}%2C${c}`)).statusCode, 200);
  t.same(await states(), ['Pending']);
  t.equal((await get(gateway, `/tasks/${a}`)).code, 404);
});

t.test('/aicc says what this is, without an envelope', async (t) => {
  const gateway = await createTestGateway(t);
  const { code, body } = await get(gateway, '/aicc');
  t.equal(code, 200);
  t.match(body, {
    appliance: {
      build: String,
      date: /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/,
      name: String,
      status: 'Normal',
      uuid: /^[0-9a-f-]{36}$/,
      version: /^\d+\.\d+\.\d+/,
      runlevel: 3,
    },
    appliance_states: [{ description: String, runlevel: 0 }, {}, {}],
    date: {
      date_time: String,
      parts: { yyyy: Number, mm: Number, dd: Number, hours: Number, mins: Number, secs: Number },
    },
    network_interfaces: [],
    ntp: { servers: [] },
    services: [],
    service_states: [],
    subscriptions: [],
  });
  t.notOk('result' in body);
  t.equal((await get(gateway, '/aicc')).body.appliance.uuid, body.appliance.uuid, 'stays');
});
