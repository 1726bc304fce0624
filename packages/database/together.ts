/** Rows that many requests look up at once, found with one statement for all who ask meanwhile. */

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
  let running = false;

  async function serve(): Promise<void> {
    running = true;
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
    running = false;
  }

  return (key) => {
    const { promise, resolve, reject } = Promise.withResolvers<Row | undefined>();
    waiting.push({ key, resolve, reject });
    if (!running) void serve();
    return promise;
  };
}
