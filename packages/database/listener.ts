/** The connection that hears what others say (NOTIFY): made again whenever it is lost, or only silent. */
import pg from 'pg';

const retryMs = 500;
/** How often it is asked whether it lives, and how long it may take to say so. */
const askEveryMs = 5_000;
const answerWithinMs = 5_000;

/** Listens on `channel`; the first connection must succeed. Gives what ends it. */
export async function listen(
  config: pg.ClientConfig,
  channel: string,
  onMessage: (payload: string) => void,
  onReconnect: (() => void) | undefined,
  onError: (error: Error) => void,
): Promise<() => Promise<void>> {
  let closed = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let asking: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client({ ...config, query_timeout: answerWithinMs });
    let over = false;
    const again = (error?: Error) => {
      if (over) return;
      over = true;
      clearInterval(asking);
      if (error && !closed) onError(error);
      next.end().catch(() => {});
      if (!closed) timer = setTimeout(reconnect, retryMs);
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
    asking = setInterval(() => next.query('select 1').catch(again), askEveryMs);
    onReconnect?.();
  }

  function reconnect(): void {
    if (closed) return;
    connect().catch((error: Error) => {
      onError(error);
      if (!closed) timer = setTimeout(reconnect, retryMs);
    });
  }

  await connect();
  return async () => {
    closed = true;
    clearTimeout(timer);
    clearInterval(asking);
    await client?.end().catch(() => {});
  };
}
