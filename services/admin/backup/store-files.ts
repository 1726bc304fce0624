/**
 * The store's files into a backup, each read once: hashed, and compared with what the database says of it. A file that is
 * not as it must be does not end the backup of all others; it is named.
 */
import { link, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { crc32 } from 'node:zlib';
import { blobPath, decodeSegments } from '@osimage/blob-store';
import { systemCode } from '@osimage/errors';
import { copyFile } from './copy-file.ts';
import type { Damage } from './layout.ts';
import type { Previous } from './previous.ts';
import type { BackupWriter } from './writer.ts';

/** A file that the rows need: a line of neededFiles. */
export interface NeededFile {
  /** Relative to the store's folder. */
  readonly path: string;
  readonly bytes: number;
  /** CRC-32 of its pieces, or SHA-256 of all of it; neither is known of an upload. */
  readonly pieces?: readonly { length: number; crc: number }[];
  readonly sha256?: string;
}

export interface StoreCopy {
  readonly root: string;
  readonly writer: BackupWriter;
  readonly previous: Previous | undefined;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

export interface StoreCopied {
  files: number;
  bytes: number;
  /** Of them: on the disk already, here or in the backup before. */
  linked: number;
  readonly damaged: Damage[];
}

const atOnce = 4;
/** There can be no link to that file from there. */
const noLink = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

export function parseNeeded(line: string): NeededFile {
  const [kind = '', name = '', size = '', checks = ''] = line.split('\t');
  if (kind !== 'blob')
    return { path: name, bytes: Number(size), ...(kind === 'archive' && { sha256: checks }) };
  const segments = decodeSegments(Buffer.from(checks, 'hex'));
  const pieces = segments.map(({ packedLength, packedCrc }) => ({ length: packedLength, crc: packedCrc }));
  return { path: relative('/', blobPath('/', { physicalName: name })), bytes: Number(size), pieces };
}

/** Brings all files in, several at a time. */
export async function copyStore(copy: StoreCopy, lines: AsyncIterable<string>): Promise<StoreCopied> {
  const total: StoreCopied = { files: 0, bytes: 0, linked: 0, damaged: [] };
  const stop = new AbortController();
  const signal = AbortSignal.any([copy.signal, stop.signal]);
  const left = lines[Symbol.asyncIterator]();
  const worker = async () => {
    try {
      for (let line = await left.next(); !line.done; line = await left.next()) {
        signal.throwIfAborted();
        await copyOne({ ...copy, signal }, parseNeeded(line.value), total);
      }
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  copy.signal.throwIfAborted();
  for (const end of ended) if (end.status === 'rejected') throw stop.signal.reason;
  return total;
}

async function copyOne(copy: StoreCopy, file: NeededFile, total: StoreCopied): Promise<void> {
  const { root, writer, previous, signal } = copy;
  const name = `store/${file.path}`;
  const [from, to] = [join(root, file.path), join(writer.folder, name)];
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  total.files++;
  const known = previous?.digestOf(name);
  if (previous && known !== undefined && (await linkWhole(join(previous.folder, name), to, file.bytes))) {
    writer.note(name, known, file.bytes);
    total.linked++;
    total.bytes += file.bytes;
    return copy.onBytes(file.bytes);
  }
  try {
    const linked = await tryLink(from, to);
    const check = new PieceCheck(file.pieces);
    const onBytes = (bytes: Buffer) => {
      check.add(bytes);
      copy.onBytes(bytes.length);
    };
    const copied = await copyFile(from, linked ? undefined : to, { signal, onBytes });
    writer.note(name, copied.sha256, copied.bytes);
    total.bytes += copied.bytes;
    if (linked) total.linked++;
    const damage =
      copied.bytes !== file.bytes
        ? `it has ${copied.bytes} bytes instead of ${file.bytes}`
        : check.isWrong || (file.sha256 !== undefined && file.sha256 !== copied.sha256)
          ? 'its bytes have changed'
          : undefined;
    if (damage) total.damaged.push({ path: file.path, damage, missing: false });
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ENOENT' && code !== 'EIO') throw error;
    await rm(to, { force: true });
    const damage = code === 'ENOENT' ? 'it is missing' : 'the disk cannot read it';
    total.damaged.push({ path: file.path, damage, missing: true });
  }
}

/** Links a file; false where there can be no link from one folder to the other. */
export async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (noLink.has(systemCode(error) ?? '')) return false;
    throw error;
  }
}

/** Links a file of the backup before, if it is there and has its length. */
async function linkWhole(from: string, to: string, bytes: number): Promise<boolean> {
  try {
    return (await stat(from)).size === bytes && (await tryLink(from, to));
  } catch {
    return false;
  }
}

/** Compares CRC-32 of pieces that lie end to end, of bytes that come in other portions. */
class PieceCheck {
  readonly #pieces: readonly { length: number; crc: number }[];
  #place = 0;
  #done = 0;
  #crc = 0;
  isWrong = false;

  constructor(pieces: readonly { length: number; crc: number }[] = []) {
    this.#pieces = pieces;
  }

  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.#place < this.#pieces.length; ) {
      const piece = this.#pieces[this.#place]!;
      const part = bytes.subarray(at, at + piece.length - this.#done);
      this.#crc = crc32(part, this.#crc);
      this.#done += part.length;
      at += part.length;
      if (this.#done < piece.length) return;
      if (this.#crc !== piece.crc) this.isWrong = true;
      this.#place++;
      this.#done = 0;
      this.#crc = 0;
    }
  }
}
