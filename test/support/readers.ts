/** Readers of .tar.gz that nobody here wrote: each gives the SHA-256 and size of every file it finds. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a reader saw: path to "<size> <sha256>". */
type Listing = Record<string, string>;

export interface Reader {
  name: string;
  /** The program it needs. */
  tool: string;
  read(archive: string): Promise<Listing>;
}

const python = `
import hashlib, json, sys, tarfile
out = {}
with tarfile.open(sys.argv[1], 'r:gz') as archive:
    for member in archive:
        assert member.isreg(), member
        digest = hashlib.sha256()
        stream = archive.extractfile(member)
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
        out[member.name] = f'{member.size} {digest.hexdigest()}'
print(json.dumps(out))
`;

/** A reader that unpacks into a folder of its own, whose files are then looked at. */
function unpacking(
  name: string,
  tool: string,
  unpack: (archive: string, folder: string) => Promise<unknown>,
): Reader {
  return {
    name,
    tool,
    async read(archive) {
      const folder = await mkdtemp(join(tmpdir(), 'osimage-reader-'));
      try {
        await unpack(archive, folder);
        return await digestFolder(folder);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  };
}

export const readers: readonly Reader[] = [
  unpacking('GNU tar', 'tar', (archive, folder) => run('tar', ['-xzf', archive, '-C', folder])),
  unpacking('bsdtar', 'bsdtar', (archive, folder) => run('bsdtar', ['-xf', archive, '-C', folder])),
  unpacking('7-Zip', '7z', async (archive, folder) => {
    await run('7z', ['x', '-y', `-o${folder}/gz`, archive]);
    const [tar] = await readdir(join(folder, 'gz'));
    await run('7z', ['x', '-y', `-o${folder}`, join(folder, 'gz', tar!)]);
    await rm(join(folder, 'gz'), { recursive: true });
  }),
  {
    name: 'Python tarfile',
    tool: 'python3',
    read: async (archive) =>
      JSON.parse((await run('python3', ['-c', python, archive], { maxBuffer: 2 ** 26 })).stdout) as Listing,
  },
];

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
