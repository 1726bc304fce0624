/** `GET /tasks/{list}/events`: jobs as they go on, at any gateway. Ours, not in the contract. */
import { Readable } from 'node:stream';
import { findJobsById, together, watchJobs } from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { App } from '../app-types.ts';
import { LastEventId } from '../schemas/headers.ts';
import { TaskList } from '../schemas/tasks.ts';
import type { GatewayServices } from '../services.ts';
import { stateId, writeTaskEvents } from '../task-events.ts';
import { idsOf } from '../tasks.ts';

/** Who watches for longer comes back, and is asked again who they are. */
const longestMs = 5 * 60_000;
/** Watchers at one gateway at once. */
const mostWatchers = 500;

export function registerTaskEventsRoute(app: App, { db }: GatewayServices): void {
  const findJob = together((ids: readonly string[]) => findJobsById(db, ids));
  const stopping = new AbortController();
  let watchers = 0;

  app.addHook('preClose', async () => stopping.abort());

  const schema = {
    tags: ['tasks'],
    summary: 'Watch jobs as server-sent events',
    description:
      'An event `jobs` holds the jobs that changed, as `GET /tasks/{list}` shows them, the first one all of them; ' +
      '`gone` holds ids of jobs that were deleted; `end` says that all have ended. A stream lasts five minutes at ' +
      'most. With `Last-Event-ID` only what is new comes, and 204 when nothing can come any more.',
    headers: LastEventId,
    params: TaskList,
  };
  app.get('/tasks/:list/events', { schema }, async (request, reply) => {
    if (watchers >= mostWatchers) throw new Problem('too_many_watchers', { limit: mostWatchers });
    const lastEventId = request.headers['last-event-id'];
    const left = new AbortController();
    const signal = AbortSignal.any([left.signal, stopping.signal, AbortSignal.timeout(longestMs)]);
    watchers += 1;
    const leave = () => {
      if (!left.signal.aborted) watchers -= 1;
      left.abort();
    };
    try {
      const looks = watchJobs(findJob, idsOf(request.params.list), signal);
      // Made before anything is sent, so that a job that does not exist is told as such.
      const { value: first } = await looks.next();
      const { jobs } = first!;
      if (stateId(jobs) === lastEventId && jobs.every(({ ended_at }) => ended_at !== null)) {
        leave();
        // To a browser: do not come back.
        return reply.code(204).send();
      }
      const all = (async function* () {
        yield first!;
        yield* looks;
      })();
      const stream = Readable.from(writeTaskEvents(all, lastEventId), { objectMode: false });
      request.raw.socket.once('close', leave);
      stream.once('close', leave);
      return (
        reply
          .type('text/event-stream')
          // Proxies must not collect what is to be seen now.
          .header('x-accel-buffering', 'no')
          // A gateway that stops would wait for the connection, which is idle only after the stream.
          .header('connection', 'close')
          .send(stream)
      );
    } catch (error) {
      leave();
      throw error;
    }
  });
}
