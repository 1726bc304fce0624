/** Archives: any range of them, no rot let through, nothing left of one that was stopped. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openArchive, writeArchive } from '@osimage/archive';
import { blobPath } from '@osimage/blob-store';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { collect, makeProfile, makeRichProfile, noise, prose } from './profile.ts';

const run = promisify(execFile);
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-archive-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

t.test('any range is that slice of the whole', async (t) => {
  const profile = await makeRichProfile(await temporaryFolder(t));
  const archive = profile.open();
  t.teardown(() => archive.close());
  const whole = await collect(archive);
  t.equal(archive.sha256, sha256(whole));
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: whole.length + 10 }),
      fc.integer({ min: 0, max: 3_000_000 }),
      async (offset, length) => {
        const got = await archive.read(offset, length);
        // A read may give less than was asked for, but never nothing before the end.
        const expected = whole.subarray(offset, offset + got.length);
        return (
          got.equals(expected) &&
          got.length <= length &&
          (got.length > 0 || length === 0 || offset >= whole.length)
        );
      },
    ),
    { numRuns: 60 },
  );
  const fresh = profile.open();
  t.teardown(() => fresh.close());
  t.ok((await fresh.read(0, 1000)).equals(whole.subarray(0, 1000)), 'also before anything was hashed');
});

t.test('rot is found and nothing is published', async (t) => {
  const folder = await temporaryFolder(t);
  const files = [
    { kind: 'driver', name: 'good.iso', content: prose(300_000) },
    { kind: 'driver', name: 'bad.iso', content: noise(3_000_000) },
  ] as const;
  const profile = await makeProfile(join(folder, 'store'), files);
  const blob = profile.members.find(({ path }) => path.endsWith('bad.iso'))!.blob;
  const path = blobPath(profile.root, blob);
  const sound = await readFile(path);
  const target = join(folder, 'out.tar.gz');
  const attempt = async (name: string) => {
    const archive = profile.open();
    await t.rejects(
      writeArchive(archive, target),
      { code: 'blob_damaged', params: { name: 'bad.iso' } },
      name,
    );
    await archive.close();
    t.notOk((await readdir(folder)).includes('out.tar.gz'), `${name}: no file is left`);
  };
  const flipBytes = async (when: string) => {
    for (const at of [0, 1, Math.floor(sound.length / 2), sound.length - 1]) {
      const rotten = Buffer.from(sound);
      rotten[at]! ^= 1;
      await writeFile(path, rotten);
      await attempt(`byte ${at} flipped ${when}`);
    }
    await writeFile(path, sound);
  };
  await flipBytes('before its first export');
  for (const time of ['first', 'second']) {
    const archive = profile.open();
    t.equal(sha256(await collect(archive)), archive.sha256, `sound again: the ${time} export`);
    await archive.close();
  }
  await flipBytes('after it');
  await truncate(path, sound.length - 1);
  await attempt('cut short');
  await unlink(path);
  await attempt('gone');
});

t.test('a write that is stopped leaves nothing', async (t) => {
  const folder = await temporaryFolder(t);
  const profile = await makeProfile(join(folder, 'store'), [
    { kind: 'boot', name: 'big.zip', content: noise(12_000_000) },
  ]);
  const target = join(folder, 'out.tar.gz');
  const controller = new AbortController();
  const archive = profile.open();
  t.teardown(() => archive.close());
  const onProgress = () => controller.abort(new Error('enough'));
  await t.rejects(writeArchive(archive, target, { signal: controller.signal, onProgress }), /enough/);
  t.notOk((await readdir(folder)).includes('out.tar.gz'));
  await writeFile(target, 'somebody else’s');
  await t.rejects(writeArchive(archive, target), { code: 'EEXIST' });
  t.equal(await readFile(target, 'utf8'), 'somebody else’s', 'what lies there is not touched');
});

t.test('what must not be in an archive', async (t) => {
  const folder = await temporaryFolder(t);
  const profile = await makeRichProfile(folder);
  const { metadata, members, root } = profile;
  const blob = members[0]!.blob;
  for (const path of [
    '/etc/passwd',
    'profile/../x',
    'profile/metadata.json',
    `profile/scripts/${'0'.repeat(16)}/x.sh`,
    'x',
    '',
  ]) {
    t.throws(() => openArchive({ metadata, members: [{ path, blob }] }, root), { code: 'bad_name' }, path);
  }
});

t.test('ten thousand files', async (t) => {
  const folder = await temporaryFolder(t);
  const files = Array.from({ length: 10_000 }, (_, at) => ({
    kind: 'script' as const,
    name: `s${at}.sh`,
    content: prose(1024, at % 50),
  }));
  const profile = await makeProfile(join(folder, 'store'), files);
  const target = join(folder, 'many.tar.gz');
  const archive = profile.open();
  const { size } = await writeArchive(archive, target);
  await archive.close();
  t.equal(size, archive.size);
  const { stdout } = await run('tar', ['-tzf', target], { maxBuffer: 2 ** 26 });
  t.equal(stdout.trim().split('\n').length, 10_003);
});
