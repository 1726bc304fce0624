/** What must be true once everything is well again and no job runs any more. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { findJobs, type JobRow } from '@osimage/database';
import { wrongDelivery, wrongFiles, wrongRows } from '../invariants.ts';
import type { StartedJob } from '../job-kinds.ts';
import type { Stack } from './stack.ts';

/** What was accepted and asked for during a run. */
export interface Record {
  readonly accepted: readonly StartedJob[];
  /** Ids of jobs somebody tried to cancel. */
  readonly cancelled: ReadonlySet<string>;
  /** Whether the disk has been full. */
  readonly wasFull: boolean;
}

const forWantOfSpace = new Set(['no_space', 'store_unwritable']);

/** Gives what is wrong, in words; wrongRows() has said before that every job has ended. */
export async function verdict(stack: Stack, record: Record): Promise<string[]> {
  const { db } = stack.cluster;
  const rows = await findJobs(
    db,
    record.accepted.map(({ id }) => id),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const wrong: string[] = [];
  for (const job of record.accepted) {
    const row = byId.get(job.id);
    if (row === undefined) wrong.push(`job ${job.id} (${job.kind}) was accepted and is not there`);
    else wrong.push(...wrongEnd(row, record), ...(await wrongFolder(job, row)));
  }
  wrong.push(...(await wrongRows(db)), ...(await stuck(stack)), ...(await stack.violations()));
  return [...wrong, ...(await wrongFiles(db, { root: stack.storeRoot }))];
}

function wrongEnd(row: JobRow, { cancelled, wasFull }: Record): string[] {
  if (row.state === 'Complete') return [];
  if (row.state === 'Cancelled' && cancelled.has(row.id)) return [];
  if (wasFull && row.error && forWantOfSpace.has(row.error.code)) return [];
  return [
    `job ${row.id} (${row.kind}) ended ${row.state}: ${JSON.stringify(row.error)} ${JSON.stringify(row.attempts)}`,
  ];
}

/** A delivery is whole; of one that was cancelled or failed nothing is to be seen under its name. */
async function wrongFolder({ id, folder }: StartedJob, row: JobRow): Promise<string[]> {
  if (folder === '') return [];
  if (row.state === 'Complete') return await wrongDelivery(folder, row);
  if (!existsSync(folder)) return [];
  const visible = (await readdir(folder)).filter((name) => !name.endsWith('.part'));
  return visible.length > 0 ? [`job ${id} ended ${row.state}, and ${folder} has ${visible}`] : [];
}

/** What jobs hold only while they run. */
async function stuck({ cluster }: Stack): Promise<string[]> {
  const { rows } = await cluster.db.query<{ id: string; state: string }>(
    `select id::text, state from jobs where ended_at is null or slot is not null`,
  );
  return rows.map(({ id, state }) => `job ${id} is ${state} and has not ended, or keeps a slot`);
}
