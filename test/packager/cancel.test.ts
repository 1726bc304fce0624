/** Cancelling as rows: what waits leaves no queue entry behind, what runs is left to its worker. And as files. */
import { randomUUID } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claimJob, insertJob, tryHoldFiles } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { loadSettings } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import t from 'tap';
import type { PackagerContext } from '../../services/packager/context.ts';
import { type EntryOptions, openQueue } from '../../services/packager/jobs/queue.ts';
import { createImport, startImport } from '../../services/packager/jobs/start-import.ts';
import { cancel } from '../../services/packager/jobs/stop-jobs.ts';
import { createTestDatabase } from '../support/database.ts';
import { openSite } from '../support/site.ts';

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

t.test('an upload that waits for its import', async (t) => {
  const site = await openSite(t);
  const queue = await openQueue(site.db, site.context.log);
  t.teardown(() => queue.close());
  const context: PackagerContext = { ...site.context, queue };
  const uploaded = async () => {
    const order = { imageType: 'SCRIPT', name: 'a.sh', os: 'rhels', osrelease: '', description: '', size: 1 };
    const { imageType } = order;
    const made = await createImport(context, { imageType, fileSize: 1, user: 'x', requestId: '' });
    await writeFile(join(context.store.root, made.stagingPath), '#');
    await startImport(context, made.jobId, order, 'x');
    return made.jobId;
  };
  const left = () => readdir(join(context.store.root, 'staging'));
  const copied = await uploaded();
  await site.db.transaction(async (tx) => {
    t.ok(await tryHoldFiles(tx), 'a backup begins, and the upload is in it');
    await cancel(context, [copied], 'x');
    t.strictSame(await left(), [copied], 'it is there when the backup comes to it');
  });
  await cancel(context, [await uploaded()], 'x');
  t.strictSame(await left(), [copied], 'otherwise it is removed at once');
});
