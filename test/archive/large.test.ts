/**
 * Members of more than 4 and more than 8 GiB. They are zeros: one packed segment again and again, so that 12 GiB are
 * an archive of 13 MB. What a reader makes of the tar stream is seen in an unpacked one with holes, where skipping
 * costs nothing; that the gzip stream may be longer than its 32-bit length, in an archive of 4 GiB.
 */
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import {
  archiveFiles,
  buildMetadata,
  openArchive,
  type ProfileFile,
  parseMetadata,
  verifyArchive,
  writeArchive,
} from '@osimage/archive';
import { type Blob, blobPath, ENCODER, openStore, packSegment, segmentBytes } from '@osimage/blob-store';
import t from 'tap';
import { gzipTesters } from '../support/readers/gunzip.ts';
import { needReader, readers, run } from '../support/readers/index.ts';
import { needTool } from '../support/tools.ts';
import { profileFile, snapshotOf } from './profile.ts';

/** SHA-256 of so many zeros, which verifyArchive computes again. */
const zeros = {
  four: {
    size: 4 * 2 ** 30 + 7,
    sha256: '8bfc028943c6cd8d43e54f9b91c380e0ce43eea4b54c4c567b33069385c2c7b9',
  },
  eight: {
    size: 8 * 2 ** 30 + 7,
    sha256: 'b78ff02a2e1819ed8066e0ad15af92036575b8f87dcf8587bb21e34504782da1',
  },
} as const;
type Large = keyof typeof zeros;

const folder = await mkdtemp(join(tmpdir(), 'osimage-large-'));
t.teardown(() => rm(folder, { recursive: true }));
await openStore(folder);

/** Puts what packSegment gives for each piece of a content into the store. */
async function store(name: string, known: { size: number; sha256: string }, last: Buffer): Promise<Blob> {
  const full = await packSegment(Buffer.alloc(segmentBytes));
  const end = await packSegment(last);
  const parts = [...new Array<typeof full>(Math.floor(known.size / segmentBytes)).fill(full), end];
  const file = Buffer.concat(parts.map(({ packed }) => packed));
  const physicalName = name.padEnd(32, '0');
  const path = blobPath(folder, { physicalName });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, file);
  const segments = parts.map(({ segment }) => segment);
  const { sha256, size: rawSize } = known;
  return { sha256, physicalName, rawSize, packedSize: file.length, segments, encoder: ENCODER };
}

/** Writes an archive of large files, each with a small one behind it; gives its path and the size of its files. */
async function archiveOf(name: string, large: readonly Large[]): Promise<[string, Record<string, number>]> {
  const after = profileFile({ kind: 'unattend', name: 'after.ks', content: 'after\n' }, 'after');
  // Long enough for every extension of a header at once.
  const files: ProfileFile[] = large.map((size) => {
    const name = `${size} ${'ü'.repeat(120)}.iso`;
    return { ...profileFile({ kind: 'driver', name, content: '' }, size), ...zeros[size] };
  });
  const metadata = buildMetadata(snapshotOf([...files, after]));
  const blobs = await Promise.all([
    ...large.map((size) => store(`${name}-${size}`, zeros[size], Buffer.alloc(7))),
    store(`${name}-after`, after, Buffer.from('after\n')),
  ]);
  const members = archiveFiles(parseMetadata(metadata)).map(({ path, sha256 }) => ({
    path,
    blob: blobs.find((blob) => blob.sha256 === sha256)!,
  }));
  const path = join(folder, `${name}.tar.gz`);
  const archive = openArchive({ metadata, members }, folder);
  await writeArchive(archive, path);
  await archive.close();
  return [path, Object.fromEntries(members.map(({ path, blob }) => [path, blob.rawSize]))];
}

/** Unpacks a .gz, leaving holes where it holds nothing but zeros. */
async function unpackSparse(from: string, to: string): Promise<void> {
  const chunkSize = 1024 * 1024;
  const nothing = Buffer.alloc(chunkSize);
  const file = await open(to, 'w');
  let at = 0;
  for await (const chunk of createReadStream(from).pipe(
    createGunzip({ chunkSize }),
  ) as AsyncIterable<Buffer>) {
    if (!chunk.equals(nothing.subarray(0, chunk.length))) await file.write(chunk, 0, chunk.length, at);
    at += chunk.length;
  }
  await file.truncate(at);
  await file.close();
}

t.test('members of more than 4 and 8 GiB in every reader of tar', async (t) => {
  const [path, expected] = await archiveOf('both', ['four', 'eight']);
  const tar = join(folder, 'both.tar');
  const [report] = await Promise.all([verifyArchive(createReadStream(path)), unpackSparse(path, tar)]);
  t.match(report, { files: 3, contentSize: zeros.four.size + zeros.eight.size + 6 });
  for (const reader of readers) {
    if (!needReader(t, reader)) continue;
    const {
      'profile/metadata.json': metadata,
      'profile/checksums.sha256': sums,
      'profile/archive.sha256': digest,
      ...files
    } = await reader.sizes(tar);
    t.strictSame(files, expected, reader.name);
    t.ok(metadata && sums && digest, `${reader.name}: what comes behind them`);
  }
});

t.test('a stream of more than 4 GiB in what reads gzip', async (t) => {
  const [path, expected] = await archiveOf('one', ['four']);
  const testers = gzipTesters.map((tool) => needTool(t, tool) && run(tool, '-t', path));
  const languages = readers
    .filter(({ name }) => /^(Go|Java)/.test(name))
    .map(async (reader) => {
      if (needReader(t, reader)) t.match(await reader.sizes(path), expected, reader.name);
    });
  await Promise.all([...testers, ...languages]);
});
