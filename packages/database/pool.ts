/**
 * The connection to PostgreSQL: a pool, transactions, and one listening connection.
 * Everything that matters is in the database, so this is the only state a process holds of it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { asAway, DatabaseAway } from '@osimage/errors';
import pg from 'pg';
import { listen } from './listener.ts';

/** What a query function needs: the pool itself, or the connection of a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    how?: QueryOptions,
  ): Promise<pg.QueryResult<Row>>;
  /** Of a transaction: runs `work` once it is committed, and never when it is not. */
  readonly afterCommit?: (work: () => void) => void;
}

export interface QueryOptions {
  /**
   * Each connection parses and plans the statement once. For short statements that run all the time, with a constant
   * text and a plan that fits any values.
   */
  readonly prepared?: boolean;
}

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

interface TransactionOptions {
  /** It may stand still for as long as it likes: a lock held during long work elsewhere. */
  readonly patient?: boolean;
  /**
   * Its first statements, up to the first answer waited for, only read: they are sent along with the begin, and nothing
   * is amiss when they run and the begin did not.
   */
  readonly readsFirst?: boolean;
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

/** Names of prepared statements; their texts are constants of the code, so there are few. */
const statements = new Map<string, string>();

function statement(text: string, values: readonly unknown[] | undefined, how: QueryOptions | undefined) {
  const query = { text, values: values as unknown[] };
  if (!how?.prepared) return query;
  const name = statements.get(text) ?? `s${statements.size}`;
  statements.set(text, name);
  return { ...query, name };
}

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

  async function transaction<Result>(
    work: (tx: Queryable) => Promise<Result>,
    { patient = false, readsFirst = false }: TransactionOptions = {},
  ): Promise<Result> {
    const client = await pool.connect().catch(rethrow);
    let broken: Error | undefined;
    // A connection lost between two queries is told to nobody else, and an untold one ends the process.
    const lost = (error: Error) => {
      broken = error;
      onError(error);
    };
    client.on('error', lost);
    const after: (() => void)[] = [];
    let begun: Promise<unknown> = Promise.resolve();
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
      begun = client.query('begin');
      // Work that fails before it asks anything has no use for the answer.
      begun.catch(() => {});
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
    transaction,
    listen: (channel, onMessage, onReconnect) => listen(config, channel, onMessage, onReconnect, onError),
    close: () => pool.end(),
  };
}

/** Fails after `ms`: waiting for a free connection has a limit of its own, which is longer. */
async function expire(ms: number): Promise<never> {
  await pause(ms, undefined, { ref: false });
  throw new Error('no answer');
}
