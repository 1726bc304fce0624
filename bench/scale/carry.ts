/** How many small exports packagers finish in a second, with the queue always full. */

import { profileId } from './seed.ts';
import type { Stack } from './stack.ts';

/** Starts jobs for a while, then counts those that end while there is still something to do. */
export async function measureCarried(stack: Stack, seconds: number): Promise<number> {
  const paths = Array.from({ length: 1_000 }, (_, n) => `/osImages/${encodeURIComponent(profileId(n))}`);
  await stack.get(paths, { connections: 32, seconds });
  const ended = async () => {
    const { rows } = await stack.db.query<{ ended: number; left: number; now: number }>(
      `select count(*) filter (where state = 'Complete') as ended, count(*) filter (where ended_at is null) as left,
         extract(epoch from clock_timestamp())::float8 as now
       from jobs where id > (select max(id) from jobs) - 200000 and created_at > now() - interval '10 minutes'`,
    );
    return rows[0]!;
  };
  const before = await ended();
  let after = before;
  while (after.left > 0 && after.now - before.now < seconds) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    after = await ended();
  }
  await stack.drop();
  return (after.ended - before.ended) / (after.now - before.now);
}
