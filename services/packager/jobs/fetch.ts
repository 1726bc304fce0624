/**
 * The first half of an import from a remote file server: its file comes to the staging folder, under a name of
 * this attempt alone, so that a predecessor that wakes up cannot spoil it. A dropped connection starts over.
 */
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type BlobStore, diskFull, importClaim, nextLength } from '@osimage/blob-store';
import { Problem, systemCode } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import { fetchFrom } from '../sources/index.ts';
import type { FetchRequest, RemoteFile } from '../sources/source.ts';
import { byteSteps } from '../steps.ts';
import type { Attempt } from './attempt.ts';
import { withServer } from './server-access.ts';

const writeBytes = 1024 * 1024;

/**
 * Fetches the file of an import job and gives its absolute path. `announced` are the bytes the caller promised,
 * 0 for none. Afterwards the attempt's progress counts the second half.
 */
export async function fetchFile(
  context: PackagerContext,
  attempt: Attempt,
  announced: number,
): Promise<string> {
  const { settings, store } = context;
  const { job, signal } = attempt;
  attempt.step('connecting to the file server');
  await removeFetched(context, attempt, true);
  const { request, remote } = await withServer(context, attempt, async (access) => {
    const request = { ...access, path: job.target_path ?? '', authorities: settings.OUTBOUND_CA };
    return { request, remote: await fetchFrom(access.server.protocol)(request) };
  });
  try {
    const limit = settings.FETCH_MAX_GB * 1e9;
    const expected = remote.size ?? announced;
    if (announced > 0) checkAnnounced(announced, expected);
    if (expected > limit) throw tooLarge(request, limit);
    // The file and what is packed of it lie beside each other until the import ends.
    if (expected > 0) await attempt.claim(store, importClaim(expected), 0);
    // Each byte counts half when it comes in and half when it is packed.
    attempt.total(expected);
    attempt.pass(0, 0.5);
    attempt.step('fetching');
    const path = join(store.root, fetchedPath(job.id, job.attempt));
    await mkdir(join(store.root, 'staging'), { recursive: true, mode: 0o700 });
    const file = await open(path, 'wx', 0o600);
    const count = context.metrics.transfers.begin(request.server.id, 'in');
    count(0);
    const onProgress = (bytes: number) => {
      attempt.progress(bytes);
      count(bytes);
    };
    const bounds = { limit, announced, expected, store, attempt, onProgress };
    const received = await receive(file, remote, request, bounds);
    checkWhole(request, remote.size, received);
    if (announced > 0) checkAnnounced(announced, received);
    attempt.total(received);
    attempt.pass(expected / 2, expected > 0 ? 0.5 : 1);
    return path;
  } catch (error) {
    throw signal.aborted ? signal.reason : await asStoreProblem(error, context, attempt.claimed);
  } finally {
    await remote.close();
  }
}

interface Bounds {
  readonly limit: number;
  readonly announced: number;
  /** What space is claimed for, 0 when nobody told. */
  readonly expected: number;
  readonly store: BlobStore;
  readonly attempt: Attempt;
  /** Told how many bytes are here. */
  readonly onProgress: (bytes: number) => void;
}

/** Writes the content to the file, closes it, and gives the number of bytes. */
async function receive(
  file: FileHandle,
  remote: RemoteFile,
  request: FetchRequest,
  { limit, announced, expected, store, attempt, onProgress }: Bounds,
): Promise<number> {
  let received = 0;
  let length = expected;
  const reached = byteSteps(expected, attempt.job);
  async function* counted() {
    for await (const chunk of remote.content()) {
      received += chunk.length;
      if (received > limit) throw tooLarge(request, limit);
      // More than was announced: no need to wait for the end of it.
      if (announced > 0 && received > announced) checkAnnounced(announced, received);
      if (received > length) {
        length = nextLength(received);
        await attempt.claim(store, importClaim(length), received);
      }
      onProgress(received);
      attempt.wrote(received);
      await reached(received);
      yield chunk;
    }
  }
  await pipeline(counted, file.createWriteStream({ highWaterMark: writeBytes }), { signal: attempt.signal });
  return received;
}

function checkAnnounced(expected: number, received: number): void {
  if (received !== expected) throw new Problem('upload_size_mismatch', { expected, received });
}

function checkWhole({ server }: FetchRequest, size: number | undefined, received: number): void {
  if (size === undefined || received === size) return;
  const { address } = server;
  if (received < size)
    throw new Problem('connection_lost', { address, detail: `after ${received} of ${size} bytes` });
  const detail = 'it grew while it was read';
  throw new Problem('remote_failed', { address, action: 'send the file', detail });
}

function tooLarge({ path, server }: FetchRequest, limit: number): Problem {
  return new Problem('remote_too_large', { path, address: server.address, limit });
}

/** What a failed write means; other failures stay as they are. */
async function asStoreProblem(
  error: unknown,
  { db, store }: PackagerContext,
  needed: number,
): Promise<unknown> {
  const code = systemCode(error) ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return await diskFull(db, store, needed, error);
  if (code === 'EIO' || code === 'EROFS')
    return new Problem('store_unwritable', { detail: code }, { cause: error });
  return error;
}

/** Where an attempt's fetched file lies, relative to the store's folder. The sweeper knows this form. */
function fetchedPath(jobId: string, attempt: number): string {
  return join('staging', `${jobId}-${attempt}`);
}

/** Removes what this attempt fetched and what its predecessors left; with `earlier`, only the latter. */
export async function removeFetched(
  { store }: PackagerContext,
  { job }: Attempt,
  earlier = false,
): Promise<void> {
  const folder = join(store.root, 'staging');
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const [id, attempt] = name.split('-');
    const number = Number(attempt ?? Number.POSITIVE_INFINITY);
    if (id === job.id && (earlier ? number < job.attempt : number <= job.attempt))
      await rm(join(folder, name), { force: true });
  }
}
