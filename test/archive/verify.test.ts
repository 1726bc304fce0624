/** Checking an archive: what is whole passes, whatever is changed does not, and the damaged member is named. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { verifyArchive } from '@osimage/archive';
import { Problem } from '@osimage/errors';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { type Piece, pieceAt, planArchive } from '../../packages/archive/plan.ts';
import {
  collect,
  makeProfile,
  makeRichProfile,
  noise,
  prose,
  type TestFile,
  type TestProfile,
} from './profile.ts';

const run = promisify(execFile);

async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-verify-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

async function wholeOf(profile: TestProfile): Promise<Buffer> {
  const archive = profile.open();
  const bytes = await collect(archive);
  await archive.close();
  return bytes;
}

/** The archive in pieces, each in memory that is overwritten afterwards, as a ring of buffers would. */
async function* inSteps(bytes: Buffer, step: number): AsyncGenerator<Buffer> {
  const memory = Buffer.alloc(step);
  for (let at = 0; at < bytes.length; at += step)
    yield memory.subarray(0, bytes.copy(memory, 0, at, at + step));
}

/** What verifyArchive says of the bytes: the Problem it throws, or undefined when they are whole. */
async function verdict(bytes: Buffer, step = 64 * 1024): Promise<Problem | undefined> {
  try {
    await verifyArchive(inSteps(bytes, step));
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.code === 'archive_damaged') return error;
    throw error;
  }
}

t.test('a whole archive passes, however it comes', async (t) => {
  const profile = await makeRichProfile(await temporaryFolder(t));
  const bytes = await wholeOf(profile);
  for (const step of [7 * 1024, 1024 * 1024 + 1, bytes.length]) {
    let progress = 0;
    const report = await verifyArchive(inSteps(bytes, step), { onProgress: (done) => (progress = done) });
    t.equal(report.size, bytes.length);
    t.equal(report.sha256, createHash('sha256').update(bytes).digest('hex'));
    t.equal(report.files, profile.files.length);
    t.equal(report.metadata.profile.name, 'web-node');
    t.equal(progress, bytes.length);
  }
  const small = await wholeOf(await makeProfile(join(await temporaryFolder(t), 'store'), []));
  t.equal(await verdict(small, 1), undefined, 'without files, byte by byte');
});

t.test('any byte changed is found, and its member named', { timeout: 120_000 }, async (t) => {
  // Many members in one step of zlib, and members of many steps.
  const small = Array.from(
    { length: 60 },
    (_, n): TestFile => ({ kind: 'script', name: `${n}.sh`, content: prose(200 + 37 * n, n) }),
  );
  const files: TestFile[] = [
    ...small,
    { kind: 'boot', name: 'a.zip', content: noise(400_000) },
    { kind: 'driver', name: 'b.iso', content: prose(3_000_000) },
    { kind: 'software', name: 'empty.zip', content: '' },
  ];
  const profile = await makeProfile(join(await temporaryFolder(t), 'store'), files);
  const bytes = await wholeOf(profile);
  const { pieces } = planArchive(profile);
  const flip = async (at: number, bit: number): Promise<void> => {
    const rotten = Buffer.from(bytes);
    rotten[at]! ^= 1 << bit;
    const problem = await verdict(rotten);
    if (!problem) throw new Error(`bit ${bit} of byte ${at} may change`);
    const expected = contentMember(pieces, at, rotten, bytes);
    if (expected !== undefined && problem.params.member !== expected)
      throw new Error(`byte ${at} is of ${expected}, not of ${problem.params.member}: ${problem.message}`);
  };
  // In 57.sh: the stream stays valid and unpacks to fewer bytes.
  await flip(463_286, 1);
  await flip(463_286, 5);
  const anywhere = fc.integer({ min: 0, max: bytes.length - 1 });
  // As likely in a small piece as in a large one.
  const inPiece = fc
    .tuple(fc.nat(pieces.length - 1), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
    .map(([n, part]) => pieces[n]!.offset + Math.floor(part * pieces[n]!.length));
  const inTail = fc.integer({ min: bytes.length - 2061, max: bytes.length - 1 });
  for (const [offset, numRuns] of [
    [anywhere, 60],
    [inPiece, 150],
    [inTail, 60],
  ] as const)
    await fc.assert(fc.asyncProperty(offset, fc.nat(7), flip), { numRuns });
});

/** The member whose content a changed byte belongs to; undefined where it is none of a file's content. */
function contentMember(
  pieces: readonly Piece[],
  at: number,
  rotten: Buffer,
  sound: Buffer,
): string | undefined {
  const piece = pieces[pieceAt(pieces, at)]!;
  if (piece.kind !== 'segment' || at >= piece.offset + piece.length) return undefined;
  // Some bits of deflate mean nothing; then only the digest of the whole can tell.
  try {
    if (gunzipSync(rotten).equals(gunzipSync(sound))) return 'profile/archive.sha256';
  } catch {
    // The usual case.
  }
  return piece.path;
}

t.test('cut, lengthened, put together', async (t) => {
  const bytes = await wholeOf(await makeRichProfile(await temporaryFolder(t)));
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.boolean(), async (at, cut) => {
      const rotten = cut
        ? bytes.subarray(0, at)
        : Buffer.concat([bytes.subarray(0, at), Buffer.from('x'), bytes.subarray(at)]);
      return (await verdict(rotten)) !== undefined;
    }),
    { numRuns: 60 },
  );
  for (const [name, end] of Object.entries({
    zero: Buffer.alloc(1),
    text: Buffer.from('more'),
    itself: bytes,
  }))
    t.ok(await verdict(Buffer.concat([bytes, end])), `followed by ${name}`);
  t.ok(await verdict(gzipSync(gunzipSync(bytes))), 'packed again');
  t.ok(await verdict(Buffer.alloc(0)), 'nothing');
});

t.test('archives of other people', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'a'), 'text');
  await symlink('/etc/passwd', join(folder, 'link'));
  for (const content of ['a', 'link', '.']) {
    await run('tar', ['-czf', join(folder, 'x.tar.gz'), '-C', folder, '--exclude=x.tar.gz', content]);
    const source = createReadStream(join(folder, 'x.tar.gz'));
    await t.rejects(verifyArchive(source), { code: 'archive_damaged' }, content);
  }
});

t.test('it can be stopped', async (t) => {
  const bytes = await wholeOf(await makeRichProfile(await temporaryFolder(t)));
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('enough'));
  await t.rejects(verifyArchive(inSteps(bytes, 4096), { signal: controller.signal, onProgress }), /enough/);
});
