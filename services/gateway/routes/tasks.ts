/** `/tasks`: watch, cancel and delete jobs (contract, section 10). Reading answers a bare array. */
import { findJobs, findJobsById, type JobState, listJobs, requireJob, together } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { success } from '../answers.ts';
import type { App } from '../app-types.ts';
import { requirePrivilege } from '../auth/privileges.ts';
import { callFor } from '../packager-call.ts';
import { readTime } from '../request-time.ts';
import {
  ForeignJob,
  jobStates,
  mostTasks,
  OneTaskQuery,
  TaskAction,
  TaskList,
  TaskQuery,
} from '../schemas/tasks.ts';
import type { GatewayServices } from '../services.ts';
import { idsOf, shownTask } from '../tasks.ts';

const tags = ['tasks'];

export function registerTaskRoutes(app: App, { db, packager }: GatewayServices): void {
  // Who may start jobs may end them.
  const mayEdit = requirePrivilege('lxc-osdeploy-create-import-export-edit-os-files');

  const findJob = together((ids: readonly string[]) => findJobsById(db, ids));

  app.get(
    '/tasks',
    { schema: { tags, summary: 'List jobs', description: 'The newest first.', querystring: TaskQuery } },
    async (request) => {
      const { limit, before, status, createdBy, since } = request.query;
      const jobs = await listJobs(db, {
        limit: limit ?? mostTasks,
        ...(before !== undefined && { before }),
        ...(status !== undefined && { states: statesOf(status) }),
        ...(createdBy !== undefined && { createdBy }),
        ...(since !== undefined && { since: readTime('since', since) }),
      });
      return jobs.map(shownTask);
    },
  );

  app.get(
    '/tasks/:list',
    {
      schema: {
        tags,
        summary: 'Watch jobs',
        description: 'A list also for one id. A job has ended when its percentage is 100.',
        params: TaskList,
        querystring: OneTaskQuery,
      },
    },
    async (request) => {
      const jobs = await Promise.all(
        idsOf(request.params.list).map(async (id) => requireJob(await findJob(id), id)),
      );
      return jobs.map(shownTask);
    },
  );

  app.put(
    '/tasks',
    {
      onRequest: mayEdit,
      config: { action: 'job.cancel' },
      schema: {
        tags,
        summary: 'Cancel jobs, or run them again',
        description:
          'The action `cancel` ends jobs that run; `retry` runs again, as new jobs, what failed or was cancelled. ' +
          'All or none.',
        body: TaskAction,
      },
    },
    async (request) => {
      const { action, list } = request.body;
      const ids = idsOf(list.join(','));
      if (action === 'cancel') {
        await packager.cancelJobs({ ids }, callFor(request));
        return success();
      }
      if (action !== 'retry')
        throw new Problem('invalid_request', { detail: 'The action must be cancel or retry.' });
      request.audit.action = 'job.retry';
      const { jobs } = await packager.retryJobs({ ids }, callFor(request));
      request.audit.objects.push(...jobs.map(({ retriedAs }) => retriedAs));
      return success({ retried: jobs.map(({ id, retriedAs }) => ({ jobUID: id, retriedAs })) });
    },
  );

  // The vendor's cancel callback and pylxca's update: both concern jobs that others run (10.1).
  app.put(
    '/tasks/:list',
    {
      onRequest: mayEdit,
      config: { action: 'job.change' },
      schema: {
        tags,
        summary: 'Refused: jobs of ours report their own progress',
        params: TaskList,
        body: ForeignJob,
      },
    },
    async (request) => {
      const [job] = await findJobs(db, idsOf(request.params.list));
      throw new Problem('job_is_ours', { id: job!.id });
    },
  );

  app.delete(
    '/tasks/:list',
    {
      onRequest: mayEdit,
      config: { action: 'job.delete' },
      schema: { tags, summary: 'Delete jobs that have ended', params: TaskList },
    },
    async (request) => {
      await packager.deleteJobs({ ids: idsOf(request.params.list) }, callFor(request));
      return success();
    },
  );
}

function statesOf(status: string): JobState[] {
  return status.split(',').map((word) => {
    const state = jobStates.find((name) => name === word.trim());
    if (!state)
      throw new Problem('invalid_request', { detail: `The status must be one of ${jobStates.join(', ')}.` });
    return state;
  });
}
