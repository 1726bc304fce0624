/** Readers of .tar.gz that nobody here wrote: each gives the SHA-256 and size of every file it finds. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { needTool } from '../tools.ts';

/** What a reader saw: path to "<size> <sha256>". */
export type Listing = Record<string, string>;

export interface Reader {
  readonly name: string;
  /** The programs and files it needs. */
  readonly tools: readonly string[];
  /** Unpacks a .tar.gz. */
  read(archive: string): Promise<Listing>;
  /** Path to size of the members of a .tar, however large: no content is looked at. */
  sizes(tar: string): Promise<Record<string, number>>;
}

/** The locale tells what encoding names are printed in. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  return (await promisify(execFile)(program, args, { maxBuffer: 2 ** 26, env })).stdout;
}

/** What stands for a reader is missing: the test is skipped, see needTool. */
export function needReader(t: Test, { tools }: Reader): boolean {
  return tools.map((tool) => needTool(t, tool)).every((path) => path !== undefined);
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-reader-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Size, date and path. */
const listed = /^-rw-r--r-- .* (\d+) (?:1980-01-01 [\d:]+|Jan +1 +1980) (.*)$/gm;

/** A program that unpacks into a folder, whose files are then looked at, and lists as `ls -l` does. */
function unpacking(
  name: string,
  tool: string,
  unpack: (archive: string, folder: string) => Promise<unknown>,
  list: (tar: string) => Promise<string>,
): Reader {
  return {
    name,
    tools: [tool],
    read: (archive) =>
      inFolder(async (folder) => {
        await unpack(archive, folder);
        return await digestFolder(folder);
      }),
    async sizes(tar) {
      const lines = (await list(tar)).matchAll(listed);
      return Object.fromEntries([...lines].map(([, size, path]) => [path!, Number(size)]));
    },
  };
}

/**
 * A program of a few lines around the reader that comes with a language. It takes the path of a .tar or .tar.gz and
 * prints a line for each file: size, SHA-256 and path; with the word `sizes` behind the path a dash for the SHA-256.
 */
function program(
  name: string,
  tools: readonly string[],
  command: (folder: string) => Promise<[program: string, ...args: string[]]>,
): Reader {
  const lines = (...args: string[]) =>
    inFolder(async (folder) => {
      const output = await run(...(await command(folder)), ...args);
      return [...output.matchAll(/^(\d+) (\S+) (.*)$/gm)] as unknown as [string, string, string, string][];
    });
  return {
    name,
    tools,
    read: async (archive) =>
      Object.fromEntries((await lines(archive)).map(([, size, digest, path]) => [path, `${size} ${digest}`])),
    sizes: async (tar) =>
      Object.fromEntries((await lines(tar, 'sizes')).map(([, size, , path]) => [path, Number(size)])),
  };
}

const here = (file: string) => join(import.meta.dirname, file);
const commonsCompress = '/usr/share/java/commons-compress.jar';

export const readers: readonly Reader[] = [
  unpacking(
    'GNU tar',
    'tar',
    (archive, folder) => run('tar', '-xzf', archive, '-C', folder),
    (tar) => run('tar', '--quoting-style=literal', '-tvf', tar),
  ),
  unpacking(
    'bsdtar',
    'bsdtar',
    (archive, folder) => run('bsdtar', '-xf', archive, '-C', folder),
    (tar) => run('bsdtar', '-tvf', tar),
  ),
  unpacking(
    'busybox tar',
    'busybox',
    (archive, folder) => run('busybox', 'tar', '-xzf', archive, '-C', folder),
    (tar) => run('busybox', 'tar', '-tvf', tar),
  ),
  {
    ...unpacking('7-Zip', '7z', unpackWith7z, async () => ''),
    async sizes(tar) {
      const entries = (await run('7z', 'l', '-slt', tar)).matchAll(
        /^Path = (profile\/.*)\nFolder = -\nSize = (\d+)$/gm,
      );
      return Object.fromEntries([...entries].map(([, path, size]) => [path!, Number(size)]));
    },
  },
  program('Python tarfile', ['python3'], async () => ['python3', here('reader_tarfile.py')]),
  program('Go archive/tar', ['gccgo'], async (folder) => {
    await run('gccgo', '-O2', '-o', join(folder, 'reader'), here('reader.go'));
    return [join(folder, 'reader')];
  }),
  program('Java, Commons Compress', ['java', 'ecj', commonsCompress], async (folder) => {
    // Without a JDK: Debian's has 70 MB more than this compiler.
    await run('ecj', '-17', '-proc:none', '-d', folder, '-cp', commonsCompress, here('Reader.java'));
    return ['java', '-cp', `${folder}:${commonsCompress}`, 'Reader'];
  }),
];

async function unpackWith7z(archive: string, folder: string): Promise<void> {
  const inner = join(folder, 'gz');
  await mkdir(inner);
  await run('7z', 'x', '-y', `-o${inner}`, archive);
  const [tar] = await readdir(inner);
  await run('7z', 'x', '-y', `-o${folder}`, join(inner, tar!));
  await rm(inner, { recursive: true });
}

/** Size and SHA-256 of a file, as a Listing has them. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return `${size} ${hash.digest('hex')}`;
}

async function digestFolder(folder: string): Promise<Listing> {
  const listing: Listing = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isDirectory()) {
      if (!entry.isFile()) throw new Error(`${entry.name} is not a regular file`);
      const path = join(entry.parentPath, entry.name);
      listing[path.slice(folder.length + 1)] = await digestFile(path);
    }
  }
  return listing;
}
