/** The audit trail's table: it only grows, takes whatever people try, and is found by its indexes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditFilter, appendAudit, auditQuery, type Database, listAudit } from '@osimage/database';
import t from 'tap';
import { createTestDatabase } from '../support/database.ts';

const entry = {
  source: 'rest',
  user: 'anna',
  address: '192.0.2.7',
  action: 'profile.export',
  objects: ['web|web-x86_64-install-a', '17'],
  outcome: 'success',
  status: 200,
  requestId: 'r1',
  jobId: '17',
} as const;

t.test('what was added is read back, newest first', async (t) => {
  const { db } = await createTestDatabase(t);
  await appendAudit(db, entry);
  await appendAudit(
    db,
    { ...entry, outcome: 'failed', code: 'not_found', status: 404, detail: 'There is no profile x.' },
    { source: 'command line', user: 'root', address: '', action: 'user.add', outcome: 'success' },
  );
  const rows = await listAudit(db, { limit: 10 });
  t.match(rows, [
    { user_name: 'root', source: 'command line', objects: [], status: null, code: null, job_id: null },
    { outcome: 'failed', code: 'not_found', status: 404, detail: 'There is no profile x.' },
    {
      user_name: 'anna',
      address: '192.0.2.7',
      action: 'profile.export',
      objects: entry.objects,
      job_id: '17',
    },
  ]);
  t.ok(Math.abs(Date.now() - rows[0]!.at.getTime()) < 60_000);
});

t.test('nothing is changed or removed, not even by its owner', async (t) => {
  const { db } = await createTestDatabase(t);
  await appendAudit(db, entry);
  for (const statement of [
    `update audit set user_name = 'somebody else'`,
    'delete from audit',
    'delete from audit where false',
    'truncate audit',
    `set session_replication_role = replica; delete from audit`,
  ])
    await t.rejects(db.query(statement), { code: '42501', message: /append-only/ }, statement);
  t.equal((await listAudit(db, { limit: 10 })).length, 1);
});

t.test('the operator can move old entries out as docs/audit.md says', async (t) => {
  const { db } = await createTestDatabase(t);
  const page = readFileSync(join(import.meta.dirname, '../../docs/audit.md'), 'utf8');
  const statements = /```sql\n(.*?)```/s.exec(page)![1]!;
  await fill(db, 10);
  await db.query(`insert into audit (at, source, user_name, address, action, objects, outcome, request_id, detail)
    values ('2025-12-31T23:59:59.999Z', 'rest', 'old', '', '', '{}', 'success', '', '')`);
  await db.query(statements);
  t.equal((await listAudit(db, { limit: 100, user: 'old' })).length, 0);
  t.equal((await db.query('select from audit_before_2026')).rowCount, 1);
  t.match(await listAudit(db, { limit: 1 }), [{ action: 'audit.archive', source: 'command line' }]);
  t.equal((await listAudit(db, { limit: 100 })).length, 11);
  await t.rejects(db.query('delete from audit'), { code: '42501' }, 'closed again');
});

t.test('no text keeps an entry out', async (t) => {
  const { db } = await createTestDatabase(t);
  const names = ['nul \0', 'half a pair \ud800', 'x'.repeat(5_000), '', '\u001b[31m', "'; drop table audit"];
  await appendAudit(db, ...names.map((user) => ({ ...entry, user, objects: [user] })));
  const kept = (await listAudit(db, { limit: 10 })).reverse();
  t.same(
    kept.map(({ user_name }) => user_name),
    ['nul \ufffd', 'half a pair \ufffd', `${'x'.repeat(255)}…`, '', '\ufffd[31m', "'; drop table audit"],
  );
});

t.test('each filter, and pages that neither repeat nor miss an entry', async (t) => {
  const { db } = await createTestDatabase(t);
  const start = new Date('2026-01-01T00:00:00Z');
  await fill(db, 1_000);
  const minute = (minutes: number) => new Date(start.getTime() + minutes * 60_000);
  const count = async (filter: Partial<AuditFilter>) =>
    (await listAudit(db, { limit: 1_000, ...filter })).length;
  t.equal(await count({ user: 'user7' }), 20);
  t.equal(await count({ action: 'job.cancel' }), 250);
  t.equal(await count({ object: 'object123' }), 1);
  t.equal(await count({ outcome: 'refused' }), 10);
  t.equal(await count({ since: minute(10), until: minute(20) }), 20, 'two a minute; the end is not in it');
  t.equal(await count({ user: 'user7', action: 'job.cancel', outcome: 'failed' }), 0);
  const seen: number[] = [];
  let before: AuditFilter['before'];
  for (;;) {
    const page = await listAudit(db, { limit: 300, ...(before && { before }) });
    seen.push(...page.map(({ id }) => id));
    if (page.length < 300) break;
    before = page.at(-1)!;
  }
  t.same(
    seen,
    Array.from({ length: 1_000 }, (_, n) => 1_000 - n),
  );
});

t.test('with many entries no filter reads or sorts the whole table', async (t) => {
  const { db } = await createTestDatabase(t);
  await fill(db, 100_000);
  await db.query('vacuum analyze audit');
  const at = new Date('2026-01-10T00:00:00Z');
  const filters: Partial<AuditFilter>[] = [
    {},
    { before: { at, id: 25_000 } },
    { user: 'user7' },
    { user: 'user7', before: { at, id: 25_000 } },
    { user: 'nobody' },
    { action: 'job.cancel' },
    { outcome: 'refused' },
    { object: 'object99' },
    { since: new Date('2026-01-20T00:00:00Z'), until: new Date('2026-01-20T01:00:00Z') },
    { user: 'user7', since: at, until: new Date('2026-01-12T00:00:00Z') },
    { outcome: 'refused', until: new Date('2026-01-02T00:00:00Z') },
  ];
  for (const filter of filters) {
    const { text, values } = auditQuery({ limit: 100, ...filter });
    const { rows } = await db.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, buffers, format json) ${text}`,
      values,
    );
    const plan = rows[0]!['QUERY PLAN'][0].Plan;
    const name = JSON.stringify(filter);
    t.notOk(
      nodesOf(plan).some((node) => node['Node Type'] === 'Seq Scan'),
      `${name}: by an index`,
    );
    const read = plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
    t.ok(read < 1_000, `${name}: ${read} blocks read`);
  }
});

interface Plan {
  'Node Type': string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: Plan[];
}

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** Two entries a minute from 2026 on: 50 users, 4 actions, one in a hundred refused, each object once. */
async function fill(db: Database, count: number): Promise<void> {
  await db.query(
    `insert into audit (at, source, user_name, address, action, objects, outcome, request_id, detail)
     select timestamptz '2026-01-01T00:00:00Z' + n / 2 * interval '1 minute', 'rest', 'user' || n % 50, '192.0.2.7',
       (array['profile.export', 'profile.change', 'job.cancel', 'session.start'])[n % 4 + 1],
       array['object' || n], case when n % 100 = 0 then 'refused' else 'success' end, '', ''
     from generate_series(0, $1::integer - 1) n`,
    [count],
  );
}
