/** Starts an import whose file a packager fetches from a remote file server (contract, section 5.2). */
import { posix } from 'node:path';
import type { CallOptions, PackagingClient } from '@osimage/packaging-api';
import { handOver } from './hand-over.ts';
import { onConflicts, type UploadOrder } from './order.ts';

/**
 * Answers once the import will run; nothing has been fetched by then. Throws Problem not_found (import job or
 * server), not_owner, job_not_waiting, invalid_request, bad_name, wrong_extension or os_not_supported.
 */
export async function startRemoteImport(
  packager: PackagingClient,
  { imageName, ...order }: UploadOrder,
  { serverId, path }: { serverId: string; path: string },
  call: CallOptions,
): Promise<void> {
  const name = imageName || posix.basename(path);
  const onConflict = onConflicts[order.onConflict];
  await handOver(packager, { ...order, onConflict, name, size: 0, serverId, path }, call);
}
