/** Cancelling as rows: what waits leaves no queue entry behind, what runs is left to its worker. */
import { randomUUID } from 'node:crypto';
import { claimJob, insertJob } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { loadSettings } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import t from 'tap';
import type { PackagerContext } from '../../services/packager/context.ts';
import { type EntryOptions, openQueue } from '../../services/packager/jobs/queue.ts';
import { cancel } from '../../services/packager/jobs/stop-jobs.ts';
import { createTestDatabase } from '../support/database.ts';

t.test('a cancelled job and its queue entry', async (t) => {
  const { db } = await createTestDatabase(t);
  const log = createLogger('test', 'silent');
  const queue = await openQueue(db, log);
  t.teardown(() => queue.close());
  const context = { db, queue, log, settings: loadSettings({}) } as unknown as PackagerContext;
  const begin = async (options: EntryOptions) => {
    const queueId = randomUUID();
    const order = { kind: 'export', title: 't', createdBy: 'x', requestId: '', queueId } as const;
    const id = await db.transaction(async (tx) => {
      const id = await insertJob(tx, order);
      await queue.add(tx, queueId, id, options);
      return id;
    });
    return { id, queueId };
  };
  const asleep = await begin({ delayMs: 3_600_000, behind: true });
  const running = await begin({});
  await claimJob(db, running.id, running.queueId, 'w', new Problem('worker_lost', { times: 1 }).toJSON());
  await cancel(context, [asleep.id, running.id], 'x');
  const { rows } = await db.query<{ id: string }>('select id::text from pgboss.job');
  t.strictSame(
    rows.map(({ id }) => id),
    [running.queueId],
  );
  await cancel(context, [asleep.id, running.id], 'x');
  t.pass('twice is fine');

  // What a sweeper makes again within seconds.
  const waiting = await begin({});
  await db.query('drop schema pgboss cascade');
  t.match(await cancel(context, [waiting.id], 'x'), [{ state: 'Cancelled' }], 'also while there is no queue');
});
