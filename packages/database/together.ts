/** Rows that many requests look up at once, found with one statement for all who ask meanwhile. */

/** Statements under way at most; who comes then is served by the next one. */
const atOnce = 1;
/** Keys of one statement at most. */
const mostKeys = 1_000;

interface Waiting<Key, Row> {
  readonly key: Key;
  readonly resolve: (row: Row | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gives a function that looks up one key. Its statement always begins after the call, so nobody gets a row that is
 * older than the question. `load` gives what exists; when it throws, all who were waiting for it are told.
 */
export function together<Key, Row>(
  load: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Row>>,
): (key: Key) => Promise<Row | undefined> {
  let waiting: Waiting<Key, Row>[] = [];
  let running = 0;

  async function serve(): Promise<void> {
    running++;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, mostKeys);
      waiting = waiting.slice(mostKeys);
      try {
        const found = await load([...new Set(batch.map(({ key }) => key))]);
        for (const { key, resolve } of batch) resolve(found.get(key));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running--;
  }

  return (key) => {
    const { promise, resolve, reject } = Promise.withResolvers<Row | undefined>();
    waiting.push({ key, resolve, reject });
    if (running < atOnce) void serve();
    return promise;
  };
}
