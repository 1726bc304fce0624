/** The checksums of an archive's chunks: made of the plan, right for the bytes, and no flipped byte gets past them. */
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckedFile, writeArchive } from '@osimage/archive';
import fc from 'fast-check';
import t from 'tap';
import { makeProfile, makeRichProfile, noise, type TestProfile } from './profile.ts';

async function written(profile: TestProfile, path: string) {
  const archive = profile.open();
  const { size, chunks } = await writeArchive(archive, path, { sync: false });
  await archive.close();
  return { path, archive: { size, chunks }, bytes: await readFile(path) };
}

async function readPart(
  path: string,
  archive: { size: number; chunks: Buffer | null },
  start?: number,
  end?: number,
): Promise<{ bytes: Buffer; error?: unknown }> {
  const file = await open(path);
  const parts: Buffer[] = [];
  try {
    const checked = new CheckedFile(file, archive, start, end);
    for (let part = await checked.read(); part; part = await checked.read()) parts.push(Buffer.from(part));
    return { bytes: Buffer.concat(parts) };
  } catch (error) {
    return { bytes: Buffer.concat(parts), error };
  } finally {
    await file.close();
  }
}

t.test('any range is that slice of the file, checked or not', async (t) => {
  const folder = t.testdir();
  const { path, archive, bytes } = await written(await makeRichProfile(folder), join(folder, 'a'));
  t.ok(archive.chunks.length <= 8 * 20, `${archive.chunks.length} bytes for ${bytes.length}`);
  t.same(await readPart(path, archive), { bytes });
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length), fc.nat(3_000_000), fc.boolean(), async (start, length, index) => {
      const end = Math.min(bytes.length, start + length);
      const known = index ? archive : { ...archive, chunks: null };
      const part = await readPart(path, known, start, end);
      return part.error === undefined && part.bytes.equals(bytes.subarray(start, end));
    }),
    { numRuns: 60 },
  );
});

t.test('no changed byte is given out, and the message says where it is', async (t) => {
  const files = [
    { kind: 'driver', name: 'a.iso', content: noise(2_500_000) },
    { kind: 'script', name: 'a.sh', content: 'exit 0\n' },
  ] as const;
  const folder = t.testdir();
  const { path, archive, bytes } = await written(await makeProfile(folder, files), join(folder, 'a'));
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const rotten = Buffer.from(bytes);
      rotten[at]! ^= change;
      await writeFile(path, rotten);
      const { bytes: given, error } = await readPart(path, archive);
      const [, from, to] = /bytes (\d+) to (\d+) of its file/.exec(String(error)) ?? [];
      return (
        given.length === Number(from) &&
        Number(from) <= at &&
        at <= Number(to) &&
        given.equals(bytes.subarray(0, given.length))
      );
    }),
    { numRuns: 40 },
  );
  await writeFile(path, bytes.subarray(0, 2_000_000));
  t.match((await readPart(path, archive)).error, {
    code: 'archive_damaged',
    message: /ends at byte 2000000/,
  });
});

t.test('hundreds of small files make a small index', async (t) => {
  const files = Array.from({ length: 400 }, (_, number) => ({
    kind: 'script' as const,
    name: `${number}.sh`,
    content: `echo ${number}\n`,
  }));
  const folder = t.testdir();
  const { path, archive, bytes } = await written(await makeProfile(folder, files), join(folder, 'a'));
  t.ok(archive.chunks.length < 100, `${archive.chunks.length} bytes`);
  t.same(await readPart(path, archive), { bytes });
});
