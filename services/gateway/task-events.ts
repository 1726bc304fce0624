/** Jobs as server-sent events: what changed, where a watcher is who comes back, and signs of life meanwhile. */
import { createHash } from 'node:crypto';
import type { JobRow, Look } from '@osimage/database';
import { shownTask } from './tasks.ts';

/** Proxies cut connections that are silent, mostly after a minute. */
const heartbeatMs = 10_000;
/** How long a client waits before it comes back, ms. */
const retryMs = 1_000;

/**
 * Gives the text of the stream. `lastEventId` is what the client saw last, at this gateway or another: when nothing
 * has changed since, nothing is sent again.
 */
export async function* writeTaskEvents(looks: AsyncIterable<Look>, lastEventId: string | undefined) {
  yield `retry: ${retryMs}\n\n`;
  let first = true;
  let spoke = Date.now();
  let open = true;
  for await (const { jobs, changed, gone } of looks) {
    const id = stateId(jobs);
    const news =
      (gone.length > 0 ? event('gone', id, gone) : '') +
      (changed.length > 0 && !(first && id === lastEventId) ? event('jobs', id, changed.map(shownTask)) : '');
    first = false;
    open = jobs.some(({ ended_at }) => ended_at === null);
    const due = Date.now() - spoke >= heartbeatMs;
    if (news === '' && !due) continue;
    yield news || ': still here\n\n';
    spoke = Date.now();
  }
  // Not when the stream ends because it has lasted long enough: the client comes back then.
  if (!open) yield 'event: end\ndata: []\n\n';
}

/** The same at every gateway for the same state of the same jobs. */
export function stateId(jobs: readonly JobRow[]): string {
  return createHash('sha256').update(JSON.stringify(jobs)).digest('base64url').slice(0, 22);
}

function event(name: string, id: string, data: unknown): string {
  return `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}
