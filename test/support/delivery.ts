/** A delivery as a job would make it, with an archive that is only bytes in memory. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import type { Archive } from '@osimage/archive';
import { Problem } from '@osimage/errors';
import type { SftpServer } from '../../samples/sftp-server.ts';
import type { Delivery } from '../../services/packager/destinations/destination.ts';
import { defaultOptions, type ServerProfile } from '../../services/packager/server-profile.ts';
import { onlyHere } from './addresses.ts';

const CHUNK_BYTES = 1024 * 1024;

/** Bytes that differ from place to place: a chunk in the wrong place shows. */
export function someBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  return bytes;
}

export interface FakeArchive extends Archive {
  /** Streams that were begun and not ended yet. */
  readonly open: number;
}

/**
 * Keeps the promises of a real archive, in their nastiest form: the memory of a chunk is spoiled as soon as the
 * next one is asked for. `size` may promise more than there is.
 */
export function fakeArchive(content: Buffer, size = content.length): FakeArchive {
  let sha256: string | undefined;
  let open = 0;
  return {
    size,
    bodySize: size,
    identity: createHash('sha256').update(content).update(`${size}`).digest('hex'),
    chunks: undefined,
    read: async (offset, length) => content.subarray(offset, offset + length),
    async *stream(signal) {
      open += 1;
      const scratch = Buffer.alloc(CHUNK_BYTES);
      try {
        for (let at = 0; at < content.length; at += CHUNK_BYTES) {
          signal?.throwIfAborted();
          const length = content.copy(scratch, 0, at, at + CHUNK_BYTES);
          yield scratch.subarray(0, length);
          scratch.fill(0xee);
        }
        sha256 = createHash('sha256').update(content).digest('hex');
      } finally {
        open -= 1;
      }
    },
    get sha256() {
      return sha256;
    },
    get open() {
      return open;
    },
    close: async () => undefined,
  };
}

export function profileOf(server: SftpServer, changes: Partial<ServerProfile> = {}): ServerProfile {
  const { address, port, username, password, hostKey } = server;
  const rest = {
    id: '101',
    protocol: 'SFTP',
    privateKey: '',
    defaultPath: '',
    hostKeys: [hostKey],
    options: defaultOptions,
  } as const;
  return { address, port, username, password, ...rest, ...changes };
}

/** `progress`, `steps` and `notes` collect what the delivery tells. */
export interface TestDelivery extends Delivery {
  readonly archive: FakeArchive;
  readonly progress: number[];
  readonly steps: string[];
  readonly notes: string[];
}

export function deliveryTo(
  server: ServerProfile,
  content: Buffer,
  path: string,
  changes: Partial<Omit<TestDelivery, 'progress' | 'steps' | 'notes'>> = {},
): TestDelivery {
  const progress: number[] = [];
  const steps: string[] = [];
  const notes: string[] = [];
  return {
    server,
    addresses: onlyHere,
    authorities: [],
    archive: fakeArchive(content),
    path,
    filename: '20260101000000_web.tar.gz',
    jobId: '12',
    attempt: 1,
    sharing: 1,
    signal: new AbortController().signal,
    onProgress: (bytes) => progress.push(bytes),
    onStep: (step) => steps.push(step),
    checkLease: async () => undefined,
    triesAgain: () => false,
    onNote: (sentence) => notes.push(sentence),
    checkpoint: undefined,
    saveCheckpoint: async () => undefined,
    pinHostKey: async () => {
      throw new Error('the key is pinned already');
    },
    progress,
    steps,
    notes,
    ...changes,
  };
}

/** The Problem a promise ends with; fails on anything else. */
export async function problemOf(work: Promise<unknown>): Promise<Problem> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('it should have failed');
}

/** What `sha256sum -c` says to the checksum file beside `path`. */
export async function checkSum(path: string): Promise<string> {
  const run = promisify(execFile);
  const options = { cwd: posix.dirname(path), env: { ...process.env, LC_ALL: 'C' } };
  const { stdout } = await run('sha256sum', ['-c', '--strict', `${posix.basename(path)}.sha256`], options);
  return stdout.trim();
}
