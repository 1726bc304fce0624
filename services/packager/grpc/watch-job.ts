/** The rpc WatchJob: a job as it is now and each time it has changed, until it has ended. */
import { once } from 'node:events';
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { findJobsById, together, watchJobs } from '@osimage/database';
import { Problem, toProblem } from '@osimage/errors';
import {
  requestIdMetadata,
  toStatus,
  type WatchJobRequest,
  type WatchJobResponse,
} from '@osimage/packaging-api';
import type { PackagerContext } from '../context.ts';
import { callerOf } from './caller.ts';
import { toJobMessage } from './job-message.ts';
import { firstOf } from './metadata.ts';

/** Watchers at one packager at once. */
const mostWatchers = 500;

/** Ends with the job, or when the job was deleted or the caller hung up; fails as GetJob does. */
export function watchJob({
  db,
  log,
  settings,
}: Pick<PackagerContext, 'db' | 'log' | 'settings'>): handleServerStreamingCall<
  WatchJobRequest,
  WatchJobResponse
> {
  const find = together((ids: readonly string[]) => findJobsById(db, ids));
  let watchers = 0;
  return async (call) => {
    const hungUp = new AbortController();
    call.on('cancelled', () => hungUp.abort());
    const { signal } = hungUp;
    watchers += 1;
    try {
      callerOf(call, settings.GRPC_GATEWAYS);
      if (watchers > mostWatchers) throw new Problem('too_many_watchers', { limit: mostWatchers });
      for await (const { jobs, changed } of watchJobs(find, [call.request.id], signal)) {
        // Deleted meanwhile.
        if (jobs.length === 0) break;
        for (const job of changed)
          if (!call.write({ job: toJobMessage(job) })) await once(call, 'drain', { signal });
      }
      call.end();
    } catch (error) {
      if (signal.aborted) return;
      const problem = toProblem(error, firstOf(call.metadata, requestIdMetadata));
      if (problem.entry.http >= 500) log.error({ err: problem, cause: problem.cause }, 'watching failed');
      call.emit('error', toStatus(problem));
    } finally {
      watchers -= 1;
    }
  };
}
