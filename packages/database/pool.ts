/**
 * The connection to PostgreSQL: a pool, transactions, and one listening connection.
 * Everything that matters is in the database, so this is the only state a process holds of it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** What a query function needs: the pool itself, or the connection of a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

export interface Database extends Queryable {
  readonly url: string;
  /** Whether it answers a trivial question within `withinMs`. Those who ask meanwhile share the question. Never throws. */
  answers(withinMs: number): Promise<boolean>;
  /** Runs `work` in one transaction; rolls back when it throws. */
  transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result>;
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
  /** Told of errors on idle connections; they are replaced by the pool. */
  onError?: (error: Error) => void;
}

// Sizes and ids are int8: numbers here, exact to 2^53 (9 PB).
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const connectTimeoutMs = 5_000;
const listenerRetryMs = 500;

/** Opens the database at `url` (postgres://… or a socket folder in `host`); connects on first use. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const config = {
    connectionString: url,
    application_name: options.name ?? 'osimage',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  };
  const pool = new pg.Pool({ ...config, max: options.max ?? 10 });
  const onError = options.onError ?? (() => {});
  pool.on('error', onError);

  async function transaction<Result>(work: (tx: Queryable) => Promise<Result>): Promise<Result> {
    const client = await pool.connect();
    let broken: Error | undefined;
    // A connection lost between two queries is told to nobody else, and an untold one ends the process.
    const lost = (error: Error) => {
      broken = error;
      onError(error);
    };
    client.on('error', lost);
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
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
    query: (text, values) => pool.query(text, values as unknown[]),
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

async function listen(
  config: pg.ClientConfig,
  channel: string,
  onMessage: (payload: string) => void,
  onReconnect: (() => void) | undefined,
  onError: (error: Error) => void,
): Promise<() => Promise<void>> {
  let closed = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client(config);
    let over = false;
    const again = (error?: Error) => {
      if (over) return;
      over = true;
      if (error && !closed) onError(error);
      next.end().catch(() => {});
      if (!closed) timer = setTimeout(reconnect, listenerRetryMs);
    };
    next.on('error', again);
    next.on('end', () => again());
    next.on('notification', (message) => onMessage(message.payload ?? ''));
    try {
      await next.connect();
      await next.query(`listen ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      over = true;
      await next.end().catch(() => {});
      throw error;
    }
    client = next;
    onReconnect?.();
  }

  function reconnect(): void {
    if (closed) return;
    connect().catch((error: Error) => {
      onError(error);
      if (!closed) timer = setTimeout(reconnect, listenerRetryMs);
    });
  }

  await connect();
  return async () => {
    closed = true;
    clearTimeout(timer);
    await client?.end().catch(() => {});
  };
}
