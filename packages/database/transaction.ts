/** One transaction on one connection. */
import { DatabaseAway } from '@osimage/errors';
import type pg from 'pg';
import { type Queryable, type QueryOptions, statement } from './queryable.ts';

export interface TransactionOptions {
  /** It may stand still for as long as it likes: a lock held during long work elsewhere. */
  readonly patient?: boolean;
  /**
   * Its first statements, up to the first answer waited for, only read: they are sent along with the begin, and nothing
   * is amiss when they run and the begin did not.
   */
  readonly readsFirst?: boolean;
}

interface Handling {
  /** Told when the connection is lost between two statements. */
  readonly onError: (error: Error) => void;
  /** Throws what a failed statement means. */
  readonly rethrow: (error: Error) => never;
}

/**
 * Runs `work` in a transaction on `client`, which goes back to its pool; rolls back when it throws. Throws what `work`
 * throws, or DatabaseAway.
 */
export async function runTransaction<Result>(
  client: pg.PoolClient,
  work: (tx: Queryable) => Promise<Result>,
  { patient = false, readsFirst = false, onError, rethrow }: TransactionOptions & Handling,
): Promise<Result> {
  let broken: Error | undefined;
  // A connection lost between two queries is told to nobody else, and an untold one ends the process.
  const lost = (error: Error) => {
    broken = error;
    onError(error);
  };
  client.on('error', lost);
  const after: (() => void)[] = [];
  const begun = client.query('begin');
  // Work that fails before it asks anything has no use for the answer.
  begun.catch(() => {});
  let over = false;
  const tx: Queryable = {
    async query<Row extends pg.QueryResultRow>(
      text: string,
      values?: readonly unknown[],
      how?: QueryOptions,
    ) {
      // What runs beside something that failed must not go on outside, on a connection that is somebody else's by now.
      if (over) throw new Error('the transaction is over');
      const answer = client.query<Row>(statement(text, values, how));
      const [, result] = await Promise.all([begun, answer]).catch(rethrow);
      return result;
    },
    afterCommit: (done) => void after.push(done),
  };
  try {
    if (!readsFirst) await begun.catch(rethrow);
    if (patient) await tx.query('set local idle_in_transaction_session_timeout = 0');
    const result = await work(tx);
    await tx.query('commit');
    over = true;
    for (const done of after) done();
    return result;
  } catch (error) {
    over = true;
    if (error instanceof DatabaseAway) broken ??= error;
    // On a connection that is gone nothing is left to undo, and on a silent one nobody would hear it.
    if (!broken)
      await client.query('rollback').catch((rollbackError: Error) => {
        broken = rollbackError;
      });
    throw error;
  } finally {
    client.off('error', lost);
    client.release(broken);
  }
}
