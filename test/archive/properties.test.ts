/**
 * What holds for any profile: its archive is whole and gives back its files; every change of a byte is found and the
 * member named; any range is a slice of it. `RUNS=20 npm test -- test/archive/properties.test.ts` looks 20 times as
 * long; a failure prints the seed that repeats it.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { readMembers, verifyArchive } from '@osimage/archive';
import { Problem } from '@osimage/errors';
import fc from 'fast-check';
import t from 'tap';
import { anyFiles } from '../support/random-files.ts';
import { collect, makeProfile, type TestFile, type TestProfile } from './profile.ts';

const runs = Number(process.env.RUNS ?? 1);
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
t.comment(`seed ${seed}`);

const folder = await mkdtemp(join(tmpdir(), 'osimage-properties-'));
t.teardown(() => rm(folder, { recursive: true }));
let made = 0;

async function* inSteps(bytes: Buffer, step: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

/** Packs the files in a store of their own, which is gone afterwards. */
async function withProfile(
  files: readonly TestFile[],
  work: (profile: TestProfile, bytes: Buffer) => Promise<void>,
): Promise<void> {
  const root = join(folder, String(made++));
  try {
    const profile = await makeProfile(root, files);
    const archive = profile.open();
    const bytes = await collect(archive).finally(() => archive.close());
    await work(profile, bytes);
  } finally {
    await rm(root, { recursive: true });
  }
}

t.test('any files come out as they went in', async (t) => {
  const step = fc.integer({ min: 1, max: 300_000 });
  await fc.assert(
    fc.asyncProperty(anyFiles, step, async (files, step) => {
      await withProfile(files, async (profile, bytes) => {
        // Byte by byte is slow where there is much.
        const size = Math.max(step, Math.floor(bytes.length / 5000));
        const report = await verifyArchive(inSteps(bytes, size));
        if (report.files !== new Set(profile.files.map(({ path }) => path)).size)
          throw new Error(`${report.files} files`);
        const found = new Map<string, Buffer>();
        for await (const { path, content } of readMembers(inSteps(bytes, size)))
          found.set(path, await buffer(content));
        for (const { path, content } of profile.files)
          if (!found.get(path)?.equals(content)) throw new Error(`${path} came out otherwise`);
        const own = ['profile/metadata.json', 'profile/checksums.sha256', 'profile/archive.sha256'];
        if (found.size !== report.files + own.length) throw new Error('there are others');
      });
    }),
    { numRuns: 40 * runs, seed },
  );
  t.pass();
});

/** A change of one place: its archive must be refused. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  kind: fc.constantFrom('change', 'cut', 'insert', 'remove', 'swap'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
});

t.test('any change of an archive is found and its place named', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyFiles, fc.array(change, { minLength: 5, maxLength: 5 }), async (files, changes) => {
      await withProfile(files, async (_, bytes) => {
        for (const { at, kind, bytes: other } of changes) {
          const from = Math.floor(at * bytes.length);
          const [head, rest] = [bytes.subarray(0, from), bytes.subarray(from)];
          const changed = Buffer.concat(
            {
              change: [head, Buffer.from([rest[0]! ^ (other[0]! || 1)]), rest.subarray(1)],
              cut: [head],
              insert: [head, other, rest],
              remove: [head, rest.subarray(other.length)],
              swap: [rest, head],
            }[kind],
          );
          if (changed.equals(bytes)) continue;
          const problem = await verifyArchive(inSteps(changed, 64 * 1024)).then(
            () => undefined,
            (error: unknown) => error,
          );
          if (!(problem instanceof Problem) || problem.code !== 'archive_damaged')
            throw new Error(`${kind} at ${from} of ${bytes.length}: ${problem}`, { cause: problem });
          // Where there is no beginning of an archive there is no member, and what is behind its end is none's.
          const { member } = problem.params;
          if (member === undefined && kind !== 'swap' && from > 600 && from < bytes.length)
            throw new Error(`${kind} at ${from} of ${bytes.length} names no member: ${problem.message}`);
        }
      });
    }),
    { numRuns: 60 * runs, seed },
  );
  t.pass();
});

t.test('any range of an archive is that slice of it', async (t) => {
  const part = fc.double({ min: 0, max: 1.01, noNaN: true });
  const ranges = fc.array(fc.tuple(part, fc.oneof(part, fc.nat(2000))), { minLength: 10, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(anyFiles, ranges, async (files, ranges) => {
      await withProfile(files, async (profile, bytes) => {
        const archive = profile.open();
        try {
          const read = async ([start, size]: [number, number]) => {
            const offset = Math.floor(start * bytes.length);
            const length = Math.floor(size <= 1.01 ? size * bytes.length : size);
            const expected = bytes.subarray(offset, offset + length);
            if (!(await archive.read(offset, length)).equals(expected))
              throw new Error(`${length} bytes at ${offset} of ${bytes.length}`);
          };
          // At once, as parallel uploads do; the tail before anything was hashed, too.
          await Promise.all(ranges.slice(0, 5).map(read));
          for (const range of ranges.slice(5)) await read(range);
          const digest = createHash('sha256').update(bytes).digest('hex');
          for await (const _ of archive.stream());
          if (archive.sha256 !== digest) throw new Error('another digest');
        } finally {
          await archive.close();
        }
      });
    }),
    { numRuns: 30 * runs, seed },
  );
  t.pass();
});
