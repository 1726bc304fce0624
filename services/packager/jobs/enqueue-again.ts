/** A job whose queue entry is of no use any more gets another one. */
import { randomUUID } from 'node:crypto';
import { adoptJob, type Queryable } from '@osimage/database';
import type { PackagerContext } from '../context.ts';
import type { EntryOptions } from './queue.ts';

/** Does nothing when the job has ended or `queueId` is not its entry; tells whether it did. */
export async function enqueueAgain(
  { queue }: PackagerContext,
  tx: Queryable,
  jobId: string,
  queueId: string,
  options: EntryOptions = {},
): Promise<boolean> {
  const newId = randomUUID();
  const adopted = await adoptJob(tx, jobId, queueId, newId);
  if (adopted) await queue.add(tx, newId, jobId, { small: adopted.small, ...options });
  return adopted !== undefined;
}
