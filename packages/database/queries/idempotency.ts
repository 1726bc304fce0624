/** Answers that are kept for a repeated request with the same Idempotency-Key (contract, section 7.1). */
import { createHash } from 'node:crypto';
import { Problem } from '@osimage/errors';
import type { Queryable } from '../pool.ts';

/**
 * Takes the key of a user for the rest of the transaction. Gives undefined when it is new: do the work, then keep the
 * answer with saveAnswer. Otherwise gives the answer of the first request; one that is still being worked on is waited
 * for, and when it fails the key is new again. `request` is what is asked for, in any form that JSON has. Throws
 * Problem idempotency_key_reused when the first one asked for something else.
 */
export async function takeKey<Answer>(
  tx: Queryable,
  user: string,
  key: string,
  request: unknown,
): Promise<Answer | undefined> {
  const digest = createHash('sha256').update(JSON.stringify(request)).digest();
  const { rowCount } = await tx.query(
    `insert into idempotency_keys (user_name, key, request) values ($1, $2, $3) on conflict do nothing`,
    [user, key, digest],
  );
  if (rowCount === 1) return undefined;
  const { rows } = await tx.query<{ request: Buffer; answer: Answer }>(
    'select request, answer from idempotency_keys where user_name = $1 and key = $2',
    [user, key],
  );
  // Purged in this very moment: it was a day old.
  if (!rows[0]) return await takeKey(tx, user, key, request);
  if (!rows[0].request.equals(digest)) throw new Problem('idempotency_key_reused');
  return rows[0].answer;
}

export async function saveAnswer(tx: Queryable, user: string, key: string, answer: object): Promise<void> {
  await tx.query('update idempotency_keys set answer = $3 where user_name = $1 and key = $2', [
    user,
    key,
    answer,
  ]);
}

/** Forgets keys older than `ageMs`; gives how many. */
export async function purgeKeys(db: Queryable, ageMs: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from idempotency_keys where created_at <= now() - $1 * interval '1 ms'`,
    [ageMs],
  );
  return rowCount ?? 0;
}
