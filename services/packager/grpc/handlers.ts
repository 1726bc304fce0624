/** The rpcs of the packaging service: unpack the request, call the job code, pack the answer. */
import { findJobs, listJobs } from '@osimage/database';
import { notFound, Problem } from '@osimage/errors';
import type { PackagingServiceHandlers } from '@osimage/packaging-api';
import { testConnection } from '../connection-test/test-connection.ts';
import type { PackagerContext } from '../context.ts';
import { retry } from '../jobs/retry.ts';
import { startExport } from '../jobs/start-export.ts';
import { abandonImport, createImport, renewImport, startImport } from '../jobs/start-import.ts';
import { cancel, idsAtMost, remove } from '../jobs/stop-jobs.ts';
import { toFindingMessage } from './finding-message.ts';
import { toJobMessage, toKindRows, toStateRows } from './job-message.ts';
import { unary } from './unary.ts';
import { watchJob } from './watch-job.ts';

const onConflicts = {
  ON_CONFLICT_UNSPECIFIED: 'fail',
  ON_CONFLICT_FAIL: 'fail',
  ON_CONFLICT_REPLACE: 'replace',
  ON_CONFLICT_RENAME: 'rename',
} as const;

const pageSizeUsual = 100;
const pageSizeMost = 1_000;

export function createHandlers(context: PackagerContext): PackagingServiceHandlers {
  const { db } = context;
  return {
    StartExport: unary(context, async (request, call) => await startExport(context, { ...request, ...call })),
    CreateImport: unary(context, async (request, call) => {
      if (request.fileSize < 0)
        throw new Problem('invalid_request', { detail: 'file_size cannot be negative.' });
      return await createImport(context, {
        imageType: imageType(request.imageType),
        fileSize: request.fileSize,
        byContent: request.byContent,
        ...call,
      });
    }),
    RenewImport: unary(context, async (request) => ({
      wanted: await renewImport(context, jobId(request.jobId), request.bytesReceived),
    })),
    StartImport: unary(context, async ({ jobId: id, ...request }, { user }) => {
      const type = imageType(request.imageType);
      const onConflict = onConflicts[request.onConflict];
      await startImport(context, jobId(id), { ...request, imageType: type, onConflict }, user);
      return {};
    }),
    AbandonImport: unary(context, async (request, { user }) => {
      await abandonImport(context, jobId(request.jobId), request.bytesReceived, user);
      return {};
    }),
    GetJob: unary(context, async (request) => {
      const [job] = await findJobs(db, [request.id]);
      return { job: toJobMessage(job!) };
    }),
    WatchJob: watchJob(context),
    ListJobs: unary(context, async (request) => {
      const limit = pageSize(request.pageSize);
      const rows = await listJobs(db, {
        states: toStateRows(request.states),
        kinds: toKindRows(request.kinds),
        ...(request.pageToken && { before: jobId(request.pageToken) }),
        limit: limit + 1,
      });
      const page = rows.slice(0, limit);
      return { jobs: page.map(toJobMessage), nextPageToken: rows.length > limit ? page.at(-1)!.id : '' };
    }),
    CancelJobs: unary(context, async (request, { user }) => ({
      jobs: (await cancel(context, ids(request.ids), user)).map(toJobMessage),
    })),
    RetryJobs: unary(context, async (request, call) => ({
      jobs: (await retry(context, ids(request.ids), call)).map(toJobMessage),
    })),
    DeleteJobs: unary(context, async (request) => {
      await remove(context, ids(request.ids));
      return {};
    }),
    TestConnection: unary(context, async ({ serverId }, { user, requestId, signal }) => {
      const tested = await testConnection(context, serverId, { user, requestId }, signal);
      return { findings: tested.findings.map(toFindingMessage), keyPromoted: tested.promoted };
    }),
  };
}

function jobId(id: string): string {
  if (!/^[1-9]\d{0,17}$/.test(id)) throw notFound('job', id.slice(0, 40));
  return id;
}

function ids(list: readonly string[]): string[] {
  if (list.length === 0) throw new Problem('invalid_request', { detail: 'Name at least one job.' });
  if (list.length > idsAtMost)
    throw new Problem('invalid_request', { detail: `Name at most ${idsAtMost} jobs.` });
  return [...new Set(list)];
}

function imageType(name: string): string {
  const type = name.replace('IMAGE_TYPE_', '');
  if (type === 'UNSPECIFIED') throw new Problem('invalid_request', { detail: 'An image_type is needed.' });
  return type;
}

function pageSize(wanted: number): number {
  if (wanted < 0 || wanted > pageSizeMost)
    throw new Problem('invalid_request', { detail: `page_size is 1 to ${pageSizeMost}.` });
  return wanted || pageSizeUsual;
}
