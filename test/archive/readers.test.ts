/** What readers that nobody here wrote make of an archive: the same names, sizes and digests, all of them. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { writeArchive } from '@osimage/archive';
import t from 'tap';
import { gzipReaders, gzipTesters } from '../support/readers/gunzip.ts';
import { type Listing, needReader, readers, run } from '../support/readers/index.ts';
import { needTool } from '../support/tools.ts';
import { makeRichProfile, richFiles } from './profile.ts';

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

const folder = await mkdtemp(join(tmpdir(), 'osimage-readers-'));
t.teardown(() => rm(folder, { recursive: true }));
const profile = await makeRichProfile(folder);
const path = join(folder, 'rich.tar.gz');
const archive = profile.open();
const written = await writeArchive(archive, path);
await archive.close();
const bytes = await readFile(path);

/** The files of a profile, without the three members of our own. */
function filesOf(listing: Listing): Listing {
  const own = ['metadata.json', 'checksums.sha256', 'archive.sha256'].map((name) => `profile/${name}`);
  if (!own.every((name) => listing[name])) throw new Error(`not in ${JSON.stringify(listing)}`);
  return Object.fromEntries(Object.entries(listing).filter(([name]) => !own.includes(name)));
}

const expected = Object.fromEntries(
  profile.files.map(({ path, content }) => [path, `${content.length} ${sha256(content)}`]),
);

t.test('the profile has what readers may stumble over', async (t) => {
  const lengths = profile.files.map(({ path }) => Buffer.byteLength(path));
  for (const length of [99, 100, 101]) t.ok(lengths.includes(length), `a path of ${length} bytes`);
  t.ok(Math.max(...lengths) > 255);
  t.ok(richFiles.some(({ name }) => Buffer.byteLength(name) === 255 && /^\p{ASCII}*$/u.test(name)));
  t.ok(richFiles.some(({ name }) => Buffer.byteLength(name) === 255 && !/^\p{ASCII}*$/u.test(name)));
  t.ok(richFiles.some(({ content }) => content.length === 0));
  t.match(written, { size: bytes.length, sha256: sha256(bytes) });
  t.equal(archive.size, bytes.length, 'the size was known before');
});

for (const reader of readers) {
  t.test(reader.name, async (t) => {
    if (!needReader(t, reader)) return;
    t.strictSame(filesOf(await reader.read(path)), expected);
  });
}

t.test('the gzip stream', async (t) => {
  const content = gunzipSync(bytes);
  for (const reader of gzipReaders) {
    if (reader.tool !== 'node' && !needTool(t, reader.tool)) continue;
    t.equal(await reader.read(path), `${content.length} ${sha256(content)}`, reader.name);
  }
  for (const tool of gzipTesters) if (needTool(t, tool)) await run(tool, '-t', path);
});

t.test('sha256sum', async (t) => {
  const into = join(folder, 'out');
  await mkdir(into);
  await run('tar', '-xzf', path, '-C', into);
  const check = (...files: string[]) => run('bash', '-ec', 'cd "$0"; sha256sum --strict -c "$@"', ...files);
  const lines = (await check(into, 'profile/checksums.sha256')).trim().split('\n');
  t.equal(lines.length, Object.keys(expected).length + 1, 'a line for each file and for metadata.json');
  t.ok(lines.every((line) => line.endsWith(': OK')));
  // The line of the side file as contract, C-6, has it.
  await writeFile(join(folder, 'rich.tar.gz.sha256'), `${written.sha256}  rich.tar.gz\n`);
  t.equal(await check(folder, 'rich.tar.gz.sha256'), 'rich.tar.gz: OK\n');
  const changed = join(into, profile.files.at(-1)!.path);
  await writeFile(changed, 'something else');
  const failed = await check(into, 'profile/checksums.sha256').catch(
    (error: { stdout?: string }) => error.stdout,
  );
  t.match(failed, /kickstart\.cfg: FAILED\n/);
});

t.test('the lines of docs/archive-format.md that check an archive', async (t) => {
  const page = await readFile(join(import.meta.dirname, '../../docs/archive-format.md'), 'utf8');
  const lines = /```sh\n(sha256sum -c NAME[\s\S]*?)```/.exec(page)![1]!;
  const elsewhere = join(folder, 'lines');
  await mkdir(elsewhere);
  const attempt = async (content: Buffer) => {
    await writeFile(join(elsewhere, 'rich.tar.gz'), content);
    await writeFile(join(elsewhere, 'rich.tar.gz.sha256'), `${sha256(content)}  rich.tar.gz\n`);
    return await run('bash', '-ec', `cd "$0"; ${lines.replaceAll('NAME', 'rich')}`, elsewhere);
  };
  t.match(await attempt(bytes), /rich\.tar\.gz: OK/);
  const other = Buffer.from(bytes);
  // The first digit of archive.sha256.
  other[archive.bodySize + 5 + 512]! ^= 1;
  await t.rejects(attempt(other));
});

t.test('a reader written from the page alone', async (t) => {
  const python = needTool(t, 'python3');
  if (!python) return;
  const listing = await run(python, join(import.meta.dirname, 'reader.py'), path);
  t.strictSame(filesOf(JSON.parse(listing)), expected);
});

t.test('it carries the digest of its own bytes', async (t) => {
  const line = await run('tar', '-xzOf', path, 'profile/archive.sha256');
  const [, digest, count] = /^([0-9a-f]{64}) {2}(\d+)\n$/.exec(line)!;
  t.equal(sha256(bytes.subarray(0, Number(count))), digest);
  t.equal(Number(count), archive.bodySize);
});
