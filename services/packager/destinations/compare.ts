/** Whether a file on a server holds the bytes of the archive: compared, never trusted by its length or its date. */
import { createHash } from 'node:crypto';
import { Problem } from '@osimage/errors';
import type { Delivery } from './destination.ts';

/** Gives the offset of the first byte in which the two differ or that one of them lacks. */
export async function equalUntil(
  ours: AsyncIterable<Buffer>,
  theirs: AsyncIterable<Buffer>,
  onEqual: (bytes: number) => void = () => undefined,
): Promise<number> {
  const remote = theirs[Symbol.asyncIterator]();
  let piece: Buffer = Buffer.alloc(0);
  let equal = 0;
  try {
    for await (const chunk of ours) {
      for (let at = 0; at < chunk.length; ) {
        if (piece.length === 0) {
          const next = await remote.next();
          if (next.done === true) return equal;
          piece = next.value;
        }
        const length = Math.min(chunk.length - at, piece.length);
        const [mine, found] = [chunk.subarray(at, at + length), piece.subarray(0, length)];
        if (!mine.equals(found)) return equal + firstDifference(mine, found);
        at += length;
        equal += length;
        piece = piece.subarray(length);
      }
      onEqual(equal);
    }
    return equal;
  } finally {
    await remote.return?.();
  }
}

/** Reads all of it; throws Problem remote_mismatch when it is not the archive, which was streamed before. */
export async function compareDigest(
  theirs: AsyncIterable<Buffer>,
  { archive, server, onStep }: Delivery,
): Promise<void> {
  onStep('reading the archive back');
  const hash = createHash('sha256');
  for await (const piece of theirs) hash.update(piece);
  const found = hash.digest('hex');
  if (found === archive.sha256) return;
  const detail = `its SHA-256 is ${found} instead of ${archive.sha256}`;
  throw new Problem('remote_mismatch', { address: server.address, detail });
}

/** The first `length` bytes, fewer when there are not so many; what follows is not waited for. */
export async function take(content: AsyncIterable<Buffer>, length: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let taken = 0;
  for await (const piece of content) {
    pieces.push(piece);
    taken += piece.length;
    if (taken > length) break;
  }
  return Buffer.concat(pieces).subarray(0, length);
}

function firstDifference(one: Buffer, other: Buffer): number {
  let at = 0;
  while (one[at] === other[at]) at += 1;
  return at;
}
