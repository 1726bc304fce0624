/**
 * The connection to PostgreSQL: a pool, transactions, and one listening connection.
 * Everything that matters is in the database, so this is the only state a process holds of it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { asAway } from '@osimage/errors';
import pg from 'pg';
import { listen } from './listener.ts';
import { type Queryable, statement } from './queryable.ts';
import { runTransaction, type TransactionOptions } from './transaction.ts';

export type { Queryable, QueryOptions } from './queryable.ts';

export interface Database extends Queryable {
  readonly url: string;
  /** Whether it answers a trivial question within `withinMs`. Those who ask meanwhile share the question. Never throws. */
  answers(withinMs: number): Promise<boolean>;
  /** Runs `work` in one transaction; rolls back when it throws. Everything here throws DatabaseAway while it is away. */
  transaction<Result>(
    work: (tx: Queryable) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result>;
  /**
   * Calls `onMessage` for every NOTIFY on `channel`, and `onReconnect` each time the listening
   * connection is (re)established, since what was said meanwhile is lost. Returns what ends it.
   */
  listen(
    channel: string,
    onMessage: (payload: string) => void,
    onReconnect?: () => void,
  ): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** Connections at most, of one process. */
  max?: number;
  /** Shown in pg_stat_activity. */
  name?: string;
  /** Told of errors on idle connections, which the pool replaces, and of connections that do not answer. */
  onError?: (error: Error) => void;
  /**
   * How long a statement may take, ms; unlimited unless told. A connection that is silent longer is given up, for a
   * network that swallows packets never says so.
   */
  answerWithinMs?: number;
  /**
   * A commit does not wait for the disk: when PostgreSQL crashes, those of the last half second are lost. For what can be
   * done again.
   */
  forgetful?: boolean;
}

// Sizes and ids are int8: numbers here, exact to 2^53 (9 PB).
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const connectTimeoutMs = 5_000;
/** Until a silent connection nobody waits for is asked whether it lives. */
const keepAliveMs = 10_000;
/**
 * A process that stands still in the middle of a transaction (stopped, or cut off) keeps its locks, and whoever takes over
 * its job would wait for them: the server ends such a transaction. Longer than any pause of a living process, shorter than
 * the queue takes to notice a dead one.
 */
const idleInTransactionMs = 10_000;
/** The server gives up first where it can: then only the statement is lost and not the connection. */
const serverGivesUpMs = 500;

/** How this process connects: what `pg` wants to know. */
export function connectionOf(
  url: string,
  { name = 'osimage', answerWithinMs = 0, forgetful = false }: DatabaseOptions,
) {
  return {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    ...(forgetful && { options: '-c synchronous_commit=off' }),
    ...(answerWithinMs > 0 && {
      query_timeout: answerWithinMs,
      statement_timeout: answerWithinMs - serverGivesUpMs,
      idle_in_transaction_session_timeout: idleInTransactionMs,
    }),
  };
}

/** Opens the database at `url` (postgres://… or a socket folder in `host`); connects on first use. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const config = connectionOf(url, options);
  // Statements of a transaction that do not wait for each other's answers share one round trip.
  const pool = new pg.Pool({ ...config, pipeline: true, max: options.max ?? 10 });
  const onError = options.onError ?? (() => {});
  pool.on('error', onError);

  /** What a failed statement means. */
  const rethrow = (error: Error): never => {
    const away = asAway(error);
    if (away?.silent) onError(away);
    throw away ?? error;
  };

  let asking: Promise<boolean> | undefined;
  const ask = async (withinMs: number): Promise<boolean> => {
    // Its own time limit ends a connection on which nothing comes back; without one it would be asked again for ever.
    const question = { text: 'select 1', query_timeout: withinMs };
    try {
      await Promise.race([pool.query(question), expire(withinMs)]);
      return true;
    } catch {
      return false;
    } finally {
      asking = undefined;
    }
  };

  return {
    url,
    answers: (withinMs) => {
      asking ??= ask(withinMs);
      return asking;
    },
    query: (text, values, how) => pool.query(statement(text, values, how)).catch(rethrow),
    transaction: async (work, options) => {
      const client = await pool.connect().catch(rethrow);
      return await runTransaction(client, work, { ...options, onError, rethrow });
    },
    listen: (channel, onMessage, onReconnect) => listen(config, channel, onMessage, onReconnect, onError),
    close: () => pool.end(),
  };
}

/** Fails after `ms`: waiting for a free connection has a limit of its own, which is longer. */
async function expire(ms: number): Promise<never> {
  await pause(ms, undefined, { ref: false });
  throw new Error('no answer');
}
