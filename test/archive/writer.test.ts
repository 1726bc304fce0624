/** A writer made from docs/archive-format.md alone, in another language: its archives are as good as ours. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { type ProfileSnapshot, parseMetadata, readMembers, verifyArchive } from '@osimage/archive';
import fc from 'fast-check';
import t from 'tap';
import { memberHeader } from '../../packages/archive/tar-header.ts';
import { importFiles, openSite, putImage } from '../support/site.ts';
import { needTool } from '../support/tools.ts';
import { collect, makeProfile, noise, profileFile, prose, richFiles, snapshotOf } from './profile.ts';

const writer = join(import.meta.dirname, 'writer.py');
const folder = await mkdtemp(join(tmpdir(), 'osimage-writer-'));
t.teardown(() => rm(folder, { recursive: true }));

/** Has the other writer pack a profile; `contents` go with its files. */
async function packElsewhere(
  python: string,
  snapshot: ProfileSnapshot,
  contents: readonly Buffer[],
): Promise<Buffer> {
  await writeFile(join(folder, 'snapshot.json'), JSON.stringify(snapshot));
  for (const [at, content] of contents.entries()) await writeFile(join(folder, String(at)), content);
  const path = join(folder, 'x.tar.gz');
  await promisify(execFile)(python, [writer, join(folder, 'snapshot.json'), folder, path]);
  return await readFile(path);
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

t.test('the same bytes where there is nothing to compress', async (t) => {
  const python = needTool(t, 'python3');
  if (!python) return;
  // Every awkward name; a deflate of another library is the only thing that may differ.
  const files = richFiles.map((file, at) => ({
    ...file,
    content: file.content.length === 0 ? Buffer.alloc(0) : noise(file.content.length, at % 2),
  }));
  const profile = await makeProfile(join(folder, 'store'), files);
  const archive = profile.open();
  const expected = await collect(archive);
  await archive.close();
  const snapshot = snapshotOf(files.map((file, at) => profileFile(file, `20240101000000_${at}`)));
  const bytes = await packElsewhere(
    python,
    snapshot,
    files.map(({ content }) => content),
  );
  t.ok(bytes.equals(expected));
});

t.test('what it packs in its own way is whole, and comes in', async (t) => {
  const python = needTool(t, 'python3');
  if (!python) return;
  const image = 'rhels9.4';
  const baseId = `${image}|${image}-x86_64-install-Minimal`;
  const profileId = `${image}|${image}-x86_64-install-web`;
  const here = await openSite(t);
  await putImage(here, image);
  const files = [
    { kind: 'script', name: 'größe 設定 🚀.sh', content: prose(2_300_000) },
    { kind: 'script', name: `${'l'.repeat(252)}.sh`, content: prose(100) },
    { kind: 'script', name: 'same content, another name.sh', content: prose(100) },
    { kind: 'config', name: 'settings.json', content: '{"a": "\\u0001"}' },
    { kind: 'unattend', name: 'auto.ks', content: 'text\n' },
  ] as const;
  await here.profile(baseId, 'web', await importFiles(here, files));
  const ours = await here.export(profileId);

  const members = new Map<string, Buffer>();
  for await (const { path, content } of readMembers(once(ours))) members.set(path, await buffer(content));
  const metadata = parseMetadata(String(members.get('profile/metadata.json')));
  const contents = metadata.files.map(({ path }) => members.get(path)!);
  const theirs = await packElsewhere(python, { ...metadata, encoder: 1_000_000 }, contents);
  t.notOk(theirs.equals(ours));
  t.strictSame((await verifyArchive(once(theirs))).metadata, { ...metadata, encoder: 1_000_000 });

  const there = await openSite(t);
  await putImage(there, image);
  t.match(await there.import('OSPROFILE', 'web.tar.gz', theirs), { state: 'Complete', object_id: profileId });
  t.ok((await there.export(profileId)).equals(ours), 'and goes out as the bytes that we make of it');
});

t.test('every header, up to sizes nobody has', async (t) => {
  const python = needTool(t, 'python3');
  if (!python) return;
  const name = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
    fc.integer({ min: 1, max: 255 }).map((length) => 'n'.repeat(length)),
    fc.integer({ min: 1, max: 127 }).map((length) => 'ä'.repeat(length)),
  );
  const size = fc.oneof(
    fc.nat(),
    fc.maxSafeNat(),
    fc.integer({ min: -2, max: 2 }).map((n) => 8 * 2 ** 30 + n),
  );
  const path = name
    .map((name) => `profile/software/0123456789abcdef/${name.replace(/[/\\\p{Cc}]/gu, '_')}`)
    .filter((path) => path.isWellFormed());
  const cases = fc.sample(fc.tuple(path, size), 2000);
  const child = spawn(python, [writer, 'headers'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(cases.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const lines = String(await buffer(child.stdout)).split('\n');
  const differs = cases.find(([path, size], at) => lines[at] !== memberHeader(path, size).toString('hex'));
  t.equal(differs, undefined, JSON.stringify(differs));
  t.equal(lines.length, cases.length + 1);
});
