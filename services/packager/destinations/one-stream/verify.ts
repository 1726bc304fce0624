/** Whether what lies on the server is what was sent, as far as the server profile wants it compared. */
import { Problem } from '@osimage/errors';
import { compareDigest, take } from '../compare.ts';
import type { Delivery } from '../destination.ts';
import { sampleRanges } from '../samples.ts';
import { NotReadable, type RemoteStore } from './store.ts';

// The part that is read back where only the end of a file can be.
const END_BYTES = 1024 * 1024;

/** Throws Problem remote_mismatch when the server tells another size, or that there is nothing. */
export async function compareSize(
  store: RemoteStore,
  { server }: Delivery,
  path: string,
  expected: number,
): Promise<void> {
  const found = await store.look(path);
  if (found?.size === expected || !store.tellsSizes) return;
  const detail = `it has ${found?.size ?? 0} bytes instead of ${expected}`;
  throw new Problem('remote_mismatch', { address: server.address, detail });
}

/**
 * Compares the content of the archive by `server.options.verify`, its size is right already. Gives sentences for the
 * job when the server does not let us look. Throws Problem remote_mismatch, or remote_unverifiable when all of it had to
 * be compared.
 */
export async function verifyContent(store: RemoteStore, delivery: Delivery, path: string): Promise<string[]> {
  const { server } = delivery;
  const { verify } = server.options;
  const notes = store.tellsSizes
    ? []
    : ['The size of the archive was not compared: the server does not tell it.'];
  if (verify === 'size') return notes;
  try {
    if (verify === 'full') await compareDigest(store.read(path, 0), delivery);
    else await compareSamples(store, delivery, path);
    return notes;
  } catch (error) {
    if (!(error instanceof NotReadable)) throw error;
    const detail = 'the server does not let its user read it back';
    if (verify === 'full')
      throw new Problem('remote_unverifiable', { address: server.address, detail }, { cause: error });
    return [...notes, `The content of the archive was not compared: ${detail}.`];
  }
}

async function compareSamples(store: RemoteStore, delivery: Delivery, path: string): Promise<void> {
  const { archive, attempt, jobId, server, signal } = delivery;
  const { size } = archive;
  const ranges =
    store.reads === 'anywhere'
      ? sampleRanges(size, `${jobId}-${attempt}`)
      : [[Math.max(0, size - END_BYTES), size] as const];
  for (const [from, to] of ranges) {
    const theirs = await take(store.read(path, from, to - from), to - from);
    if (theirs.equals(await archive.read(from, to - from, signal))) continue;
    const detail = `its content differs between byte ${from} and byte ${to}`;
    throw new Problem('remote_mismatch', { address: server.address, detail });
  }
}
