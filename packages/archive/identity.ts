/** What stands for the bytes of an archive before any of them is read. */
import { createHash } from 'node:crypto';
import type { Plan } from './plan.ts';

/**
 * SHA-256, hexadecimal, over all that decides the bytes: those the plan holds itself, and of each segment of content
 * whose it is, which part, and its checksum. metadata.json is among the former, and with it the encoder's version.
 */
export function planIdentity({ pieces, tail }: Plan): string {
  const hash = createHash('sha256');
  for (const piece of pieces) {
    if (piece.kind === 'inline') hash.update(`${piece.length}\n`).update(piece.bytes);
    else hash.update(`${piece.length} ${piece.blob.sha256} ${piece.position} ${piece.crc}\n`);
  }
  return hash.update(`${tail.archiveSize}`).digest('hex');
}
