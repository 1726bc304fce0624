/** Disc images for the tests: real ones made by xorriso, and ones made here by hand. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';

const run = promisify(execFile);

/** A folder that goes away at the end of `t`. */
export async function makeFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-media-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file into a folder of its own; gives its path. */
export async function makeFile(t: Test, name: string, content: Buffer | string): Promise<string> {
  const path = join(await makeFolder(t), name);
  await writeFile(path, content);
  return path;
}

/** An image of `files` by xorriso in the manner of genisoimage, with `options` such as -R or -J. */
export async function makeIso(
  t: Test,
  xorriso: string,
  files: Readonly<Record<string, string | Buffer>>,
  options: readonly string[] = ['-R', '-J'],
): Promise<string> {
  const folder = await makeFolder(t);
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, 'tree', path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
  const image = join(folder, 'image.iso');
  await run(xorriso, ['-as', 'genisoimage', ...options, '-quiet', '-o', image, join(folder, 'tree')]);
  return image;
}

const sector = 2_048;

export interface UdfShape {
  /** Identifiers of the recognition sequence, from sector 16 on. */
  sequence?: readonly string[];
  anchor?: boolean;
  /** Sectors the partition claims to have. */
  partitionSectors?: number;
  sectors?: number;
}

/** The descriptors of a UDF image (ECMA-167), as they are on media of Windows. */
export function udfImage(shape: UdfShape = {}): Buffer {
  const {
    sequence = ['BEA01', 'NSR02', 'TEA01'],
    anchor = true,
    partitionSectors = 20,
    sectors = 300,
  } = shape;
  const image = Buffer.alloc(sectors * sector);
  for (const [index, id] of sequence.entries()) {
    image.write(`\0${id}\x01`, (16 + index) * sector, 'latin1');
  }
  const partition = tagged(image, 5, 32);
  partition.writeUInt32LE(257, 188);
  partition.writeUInt32LE(partitionSectors, 192);
  seal(partition);
  seal(tagged(image, 8, 33));
  if (anchor) {
    const pointer = tagged(image, 2, 256);
    pointer.writeUInt32LE(16 * sector, 16);
    pointer.writeUInt32LE(32, 20);
    seal(pointer);
  }
  return image;
}

function tagged(image: Buffer, tag: number, at: number): Buffer {
  const bytes = image.subarray(at * sector, (at + 1) * sector);
  bytes.writeUInt16LE(tag, 0);
  bytes.writeUInt16LE(2, 2);
  bytes.writeUInt32LE(at, 12);
  return bytes;
}

function seal(bytes: Buffer): void {
  bytes[4] = 0;
  bytes[4] = bytes.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) & 0xff;
}
