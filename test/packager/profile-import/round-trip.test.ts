/** Whatever profile there is, it comes out of an export and an import as it was, and exports to the same bytes again. */
import { addContent } from '@osimage/blob-store';
import { insertFile, takeId } from '@osimage/database';
import { checkFileName, type FileKind, fileOptions } from '@osimage/os-media';
import fc from 'fast-check';
import t from 'tap';
import { openSite, putImage, type Site } from '../../support/site.ts';

const image = 'rhels9.4';
const baseId = `${image}|${image}-x86_64-install-Minimal`;

interface Entry {
  readonly kind: FileKind;
  readonly name: string;
  readonly description: string;
  readonly os: string;
  readonly content: Buffer;
}

const extensions: readonly (readonly [FileKind, string])[] = [
  ['driver', '.iso'],
  ['script', '.sh'],
  ['config', ''],
  ['software', '.tar.gz'],
  ['unattend', '.ks'],
];
const typeOf = (kind: FileKind) => fileOptions.find((option) => option.kind === kind)!.imageType;

function usable(kind: FileKind, name: string): boolean {
  try {
    checkFileName(typeOf(kind), name, 'rhels');
    return true;
  } catch {
    return false;
  }
}

const text = fc
  .string({ unit: 'binary', maxLength: 30 })
  .map((value) => value.toWellFormed().replaceAll('\0', ''));
const entry: fc.Arbitrary<Entry> = fc
  .record({
    kindAndEnd: fc.constantFrom(...extensions),
    stem: fc.oneof(text, fc.constantFrom('same', 'größe 設定 🚀', 'x'.repeat(120), '.hidden')),
    description: text,
    os: fc.constantFrom('', 'rhels'),
    content: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
      // The same content often, under other names as well.
      fc.constantFrom(Buffer.from('a'), Buffer.alloc(1024 * 1024 + 1, 'b')),
    ),
  })
  .map(({ kindAndEnd: [kind, end], stem, ...rest }) => ({ kind, name: `${stem}${end}`, ...rest }))
  .filter(({ kind, name }) => usable(kind, name));

/** One content under names that some system would take for the same cannot come in; see hostile.test.ts. */
function unlike(entries: readonly Entry[]): boolean {
  const seen = new Map<string, string>();
  return entries.every(({ kind, name, content }) => {
    const key = `${kind} ${content.toString('hex')} ${name.normalize('NFC').toLowerCase()}`;
    const known = seen.get(key);
    seen.set(key, name);
    return known === undefined || known === name;
  });
}

async function put({ db, context }: Site, id: string, file: Entry): Promise<void> {
  const { content, ...words } = file;
  await addContent(context.store, db, content, async (tx, { sha256, rawSize: size }) => {
    await takeId(tx, id, 'file');
    const more = { osrelease: '', type: typeOf(file.kind), createdBy: 'USERID' };
    await insertFile(tx, { id, ...words, ...more, size, sha256 });
  });
}

async function rowsOf({ db }: Site, profileId: string): Promise<unknown> {
  const profile = await db.query(
    'select id, image_id, base_id, kind, name, description, location from profiles where id = $1',
    [profileId],
  );
  const files = await db.query(
    `select f.id, f.kind, f.name, f.description, f.os, f.osrelease, f.version, f.type, f.size, f.sha256, u.position
     from profile_files u join files f on f.id = u.file_id where u.profile_id = $1 order by u.position`,
    [profileId],
  );
  const predefined = await db.query('select name, size, sha256 from predefined_files where profile_id = $1', [
    profileId,
  ]);
  return [profile.rows, files.rows, predefined.rows];
}

t.test('export, import and export give the profile and its bytes back', { timeout: 300_000 }, async (t) => {
  const [here, there] = [await openSite(t), await openSite(t)];
  for (const site of [here, there]) await putImage(site, image);
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 12 }).filter(unlike), async (entries) => {
      count++;
      const files: Partial<Record<FileKind, string[]>> = {};
      for (const [n, file] of entries.entries()) {
        const id = `20260101000000_${count}-${n}`;
        await put(here, id, file);
        files[file.kind] = [...(files[file.kind] ?? []), id];
      }
      const profileId = await here.profile(baseId, `profile ${count}`, files);
      const bytes = await here.export(profileId);
      const job = await there.import('OSPROFILE', 'x.tar.gz', bytes);
      if (job.state !== 'Complete') throw new Error(JSON.stringify(job.error));
      t.strictSame(await rowsOf(there, profileId), await rowsOf(here, profileId));
      return (await there.export(profileId)).equals(bytes);
    }),
    { numRuns: 25 },
  );
  t.pass(`${count} profiles`);
});
