/**
 * A packager inside the test's process: it keeps jobs as rows with the packager's own code, and no worker ever
 * runs them. For tests of what the gateway does around a job.
 */
import { mkdir } from 'node:fs/promises';
import { insertJob, openDatabase } from '@osimage/database';
import type { PackagingClient, StartExportRequest } from '@osimage/packaging-api';
import type { PackagerContext } from '../../services/packager/context.ts';
import {
  abandonImport,
  createImport,
  renewImport,
  startImport,
} from '../../services/packager/jobs/start-import.ts';

export interface RowPackager extends PackagingClient {
  /** What exports were asked for, as it arrived. */
  readonly exports: StartExportRequest[];
  /** How many imports were handed over. */
  started: number;
}

/** `storeRoot` is only asked once it is needed: the gateway's test folder is made later. */
export function createRowPackager(databaseUrl: string, storeRoot: () => string): RowPackager {
  const db = openDatabase(databaseUrl, { max: 4, name: 'row packager' });
  const context = () =>
    ({
      db,
      store: { root: storeRoot() },
      settings: { UPLOAD_LEASE: 60, SERVER_JOBS: 4 },
      queue: { add: async () => {} },
    }) as unknown as PackagerContext;
  const importType = (type: unknown) => String(type).replace('IMAGE_TYPE_', '');
  const never = () => Promise.reject(new Error('not a part of this packager'));
  const packager: RowPackager = {
    exports: [],
    started: 0,
    async startExport(request, { user }) {
      const asked = { profileId: '', serverId: '', path: '', idempotencyKey: '', ...request };
      packager.exports.push(asked);
      const filename = '20260131054310_web.tar.gz';
      const { profileId } = asked;
      const jobId = await insertJob(db, {
        kind: 'export',
        title: 'export',
        createdBy: user,
        requestId: '',
        profileId,
      });
      const remarks =
        asked.path && !asked.serverId ? ['path was ignored, because there is no serverId.'] : [];
      return { jobId, filename, remarks };
    },
    async createImport(request, { user }) {
      await mkdir(storeRoot(), { recursive: true });
      const fileSize = Number(request.fileSize);
      return await createImport(context(), {
        imageType: importType(request.imageType),
        fileSize,
        byContent: request.byContent ?? false,
        user,
        requestId: '',
      });
    },
    async renewImport(request) {
      return { wanted: await renewImport(context(), request.jobId ?? '', Number(request.bytesReceived)) };
    },
    async startImport(request, { user }) {
      const { name = '', os = '', osrelease = '', description = '', serverId = '', path = '' } = request;
      const imageType = importType(request.imageType);
      const check = request.check ?? false;
      const size = Number(request.size ?? 0);
      const parameters = { imageType, name, os, osrelease, description, size, check, serverId, path };
      await startImport(context(), request.jobId ?? '', parameters, user);
      packager.started++;
      return {};
    },
    async abandonImport(request, { user }) {
      await abandonImport(context(), request.jobId ?? '', Number(request.bytesReceived), user);
      return {};
    },
    getJob: never,
    watchJob: () => {
      throw new Error('not a part of this packager');
    },
    listJobs: never,
    cancelJobs: never,
    deleteJobs: never,
    retryJobs: never,
    testConnection: never,
    serving: async () => true,
    close: () => void db.close(),
  };
  return packager;
}
