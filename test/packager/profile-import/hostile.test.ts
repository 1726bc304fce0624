/** Archives that are damaged, foreign or made to hurt: each is refused with a Problem, and nothing of it stays. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { craft, membersOf, remake } from '../../support/crafted-archive.ts';
import { importFiles, openSite, putImage, type Site } from '../../support/site.ts';

const run = promisify(execFile);
const image = 'rhels9.4';
const baseId = `${image}|${image}-x86_64-install-Minimal`;
const webId = `${image}|${image}-x86_64-install-web`;

/** An archive, and a site with its base image that it has not come to yet. */
async function prepare(t: Test): Promise<{ bytes: Buffer; site: Site }> {
  const here = await openSite(t);
  await putImage(here, image);
  const ids = await importFiles(here, [
    { kind: 'script', name: 'a.sh', content: 'echo a\n' },
    { kind: 'script', name: 'b.sh', content: `echo ${'b'.repeat(5000)}\n` },
    { kind: 'config', name: 'c.json', content: '{}' },
  ]);
  await here.profile(baseId, 'web', ids);
  const bytes = await here.export(webId);
  const site = await openSite(t);
  await putImage(site, image);
  return { bytes, site };
}

/** What the import says; throws when it is no Problem of the catalogue, or when anything of it stays. */
async function verdict(site: Site, bytes: Buffer, before: string): Promise<{ code: string; text: string }> {
  const job = await site.import('OSPROFILE', 'x.tar.gz', bytes);
  if (job.state === 'Complete') return { code: 'complete', text: '' };
  if (!job.error || job.error.code === 'internal') throw new Error(`untyped: ${JSON.stringify(job)}`);
  const after = JSON.stringify(await site.state());
  if (after !== before) throw new Error(`something stays: ${after}`);
  return job.error;
}

t.test('what is not ours', async (t) => {
  const { site } = await prepare(t);
  const before = JSON.stringify(await site.state());
  const folder = await mkdtemp(join(tmpdir(), 'osimage-foreign-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'profile'));
  await writeFile(join(folder, 'profile/metadata.json'), '{"format": "another"}\n');
  await writeFile(join(folder, 'file'), 'text\n');
  await symlink('/etc/passwd', join(folder, 'link'));
  for (const content of ['.', 'file', 'link', 'profile/metadata.json']) {
    const path = join(folder, '..', `${content.replaceAll('/', '-')}-${process.pid}.tar.gz`);
    t.teardown(() => rm(path, { force: true }));
    await run('tar', ['-czf', path, '-C', folder, content]);
    const said = await verdict(site, await readFile(path), before);
    t.match(said, { code: 'archive_foreign', text: /^Only archives that this service exported/ }, content);
  }
});

t.test('what was changed and signed again', async (t) => {
  const { bytes, site } = await prepare(t);
  const before = JSON.stringify(await site.state());
  t.match(
    await site.import(
      'OSPROFILE',
      'x.tar.gz',
      remake(bytes, () => {}),
      { check: true },
    ),
    { error: null },
  );

  type Metadata = Parameters<Parameters<typeof remake>[1]>[0];
  const file = (n: number, change: Record<string, unknown>) => (metadata: Metadata) =>
    void Object.assign(metadata.files[n]!, change);
  const profile = (change: Record<string, unknown>) => (metadata: Metadata) =>
    void Object.assign(metadata.profile as object, change);
  const base = (change: Record<string, unknown>) => (metadata: Metadata) =>
    void Object.assign(metadata.baseImage as object, change);
  const option = (name: string, value: unknown) => (metadata: Metadata) =>
    void Object.assign(metadata.customizationOptions as object, { [name]: value });
  /** Files are config c.json, script a.sh and b.sh in an order of their digests, and the predefined one. */
  const rename = (name: string) => (metadata: Metadata) => {
    const entry = metadata.files[0]!;
    Object.assign(entry, { name, path: entry.path.replace('c.json', name) });
  };
  const reuse = (id: string) => (metadata: Metadata) => {
    const old = metadata.files[0]!.id;
    metadata.files[0]!.id = id;
    metadata.customizationOptions = JSON.parse(
      JSON.stringify(metadata.customizationOptions).replace(JSON.stringify(old), JSON.stringify(id)),
    );
  };
  const changes: [string, (metadata: Metadata) => void, code: string][] = [
    ['predefined', profile({ kind: 'predefined' }), 'predefined_not_importable'],
    ['profile id of another image', profile({ id: 'sles15|sles15-x86_64-install-web' }), 'archive_refused'],
    ['profile id without an end', profile({ id: `${image}|${image}-x86_64-install-` }), 'archive_refused'],
    ['profile id with a slash', profile({ id: `${image}|${image}-x86_64-install-a/b` }), 'archive_refused'],
    [
      'profile id too long',
      profile({ id: `${image}|${image}-x86_64-install-${'a'.repeat(200)}` }),
      'archive_refused',
    ],
    ['no profile name', profile({ name: ' ' }), 'archive_refused'],
    ['NUL in the profile name', profile({ name: 'a\0b' }), 'archive_refused'],
    ['half a character', profile({ description: '\ud800' }), 'archive_refused'],
    ['NUL in the description', profile({ description: '\0' }), 'archive_refused'],
    ['endless name', profile({ name: 'x'.repeat(201) }), 'archive_refused'],
    ['image id that is a path', base({ id: '../../etc' }), 'archive_refused'],
    ['image id with NUL', base({ id: 'a\0' }), 'archive_refused'],
    [
      'image of another arch',
      (m) => {
        base({ arch: 'arm64' })(m);
        profile({ id: `${image}|${image}-arm64-install-web` })(m);
      },
      'archive_refused',
    ],
    ['other image', base({ sha256: '00'.repeat(32) }), 'base_image_differs'],
    [
      'missing image',
      (m) => {
        base({ id: 'rhels1' })(m);
        profile({ id: 'rhels1|rhels1-x86_64-install-web' })(m);
      },
      'base_image_missing',
    ],
    ['file id that is a path', reuse('../x'), 'archive_refused'],
    ['file id with NUL', reuse('a\0'), 'archive_refused'],
    ['file id with a bar', reuse('a|b'), 'archive_refused'],
    ['file id of a path of ours', reuse('remoteFileServers'), 'archive_refused'],
    ['file id of 201 characters', reuse('a'.repeat(201)), 'archive_refused'],
    ['another type', file(0, { type: 'SCRIPT' }), 'archive_refused'],
    ['another system', file(0, { os: 'win' }), 'archive_refused'],
    ['NUL in a version', file(0, { version: '\0' }), 'archive_refused'],
    ['device name', rename('CON.json'), 'archive_refused'],
    ['name of two dots', rename('..'), 'archive_damaged'],
    ['absolute name', rename('/etc/passwd'), 'archive_damaged'],
    ['name up the tree', rename('../../../etc/passwd'), 'archive_damaged'],
    ['backslash', rename('a\\b.json'), 'archive_damaged'],
    ['right to left', rename('\u202egnp.json'), 'archive_refused'],
    [
      'extension of a script',
      (m) => {
        const entry = m.files.find(({ name }) => name === 'a.sh')!;
        Object.assign(entry, { name: 'a.exe', path: String(entry.path).replace('a.sh', 'a.exe') });
      },
      'archive_refused',
    ],
    [
      'described predefined file',
      (m) => void Object.assign(m.files.at(-1)!, { description: 'x' }),
      'archive_refused',
    ],
    ['a path elsewhere', file(0, { path: 'profile/../../x' }), 'archive_damaged'],
    ['an option of another family', option('bootOptions', { bootFileIds: [] }), 'archive_refused'],
    ['an unknown option', option('x'.repeat(1000), { 'a\0': [] }), 'archive_refused'],
    ['an option of another shape', option('driverOptions', { driverIds: 'x' }), 'archive_damaged'],
    [
      'no options',
      (m) => {
        m.customizationOptions = null;
      },
      'archive_damaged',
    ],
    ['location with a line break', option('deployDataAndSoftwareLocation', 'a\nb'), 'archive_refused'],
    ['unused file', option('customConfigOptions', { customConfigFileIds: [] }), 'archive_damaged'],
    ['a size that is not', file(0, { size: 3 }), 'archive_damaged'],
    ['a size beyond belief', file(0, { size: 2 ** 52 }), 'archive_refused'],
    [
      'a newer format',
      (m) => {
        m.formatVersion = 2;
      },
      'archive_damaged',
    ],
    [
      'something more',
      (m) => {
        m.more = 1;
      },
      'archive_damaged',
    ],
  ];
  for (const [what, change, code] of changes) {
    const said = await verdict(site, remake(bytes, change), before);
    t.match(said, { code }, `${what}: ${said.text}`);
    t.ok(said.text.length < 1000, 'in a sentence');
  }
});

t.test('members that do not belong', async (t) => {
  const { bytes, site } = await prepare(t);
  const before = JSON.stringify(await site.state());
  const members = membersOf(bytes);
  t.match(await site.import('OSPROFILE', 'x.tar.gz', craft(members), { check: true }), { error: null });
  const [first, second, third, ...rest] = members as Required<(typeof members)[number]>[];
  const more = (path: string, flag?: string) => [
    first!,
    { path, content: Buffer.alloc(0), ...(flag && { flag }) },
    second!,
    third!,
    ...rest,
  ];
  for (const [what, changed] of Object.entries({
    'a hard link': more('profile/link', '1'),
    'a symbolic link': more('profile/link', '2'),
    'a character device': more('profile/dev', '3'),
    'a block device': more('profile/dev', '4'),
    'a folder': more('profile/', '5'),
    'a pipe': more('profile/pipe', '6'),
    'a global header': more('profile/pax', 'g'),
    'an absolute name': more('/etc/passwd'),
    'a name up the tree': more('profile/../../x'),
    'one twice': [first!, second!, second!, third!, ...rest],
    'another order': [first!, third!, second!, ...rest],
    'metadata last': [second!, third!, ...rest, first!],
    'one missing': [first!, third!, ...rest],
    'one too many': more('profile/scripts/0000000000000000/x.sh'),
    'other content': [first!, { ...second!, content: Buffer.from('{"a":1}') }, third!, ...rest],
    nothing: [],
  })) {
    const said = await verdict(site, craft(changed), before);
    t.match(said.code, /^archive_(damaged|foreign)$/, `${what}: ${said.text}`);
  }
});

t.test('names that would unpack over each other', async (t) => {
  const { site } = await prepare(t);
  for (const [one, other] of [
    ['same.sh', 'SAME.sh'],
    ['\u00e9.sh', 'e\u0301.sh'],
  ] as const) {
    const here = await openSite(t);
    await putImage(here, image);
    const ids = await importFiles(here, [
      { kind: 'script', name: one, content: 'echo\n' },
      { kind: 'script', name: other, content: 'echo\n' },
    ]);
    await here.profile(baseId, 'web', ids);
    const said = await verdict(site, await here.export(webId), JSON.stringify(await site.state()));
    t.match(said, { code: 'archive_refused', text: /differ only in case or form/ });
  }
});

t.test('bombs', async (t) => {
  const { bytes, site } = await prepare(t);
  const before = JSON.stringify(await site.state());
  const large = { path: 'profile/metadata.json', content: Buffer.alloc(20 * 1024 * 1024, ' ') };
  t.match(await verdict(site, craft([large]), before), {
    code: 'archive_refused',
    text: /of at most 16777216/,
  });
  // Larger than it says, behind the end, and claiming more than fits.
  const members = membersOf(bytes);
  const swollen = members.map((member) => ({
    ...member,
    content: Buffer.concat([member.content, Buffer.alloc(1 << 20)]),
  }));
  t.match(await verdict(site, craft([members[0]!, ...swollen.slice(1)]), before), {
    code: 'archive_damaged',
  });
  const behind = gzipSync(Buffer.concat([gunzipSync(bytes), Buffer.alloc(50_000_000)]));
  t.match(await verdict(site, behind, before), { code: 'archive_damaged', text: /behind the end/ });
  const claims = remake(
    bytes,
    (metadata) => void Object.assign(metadata.files.find(({ name }) => name === 'a.sh')!, { size: 10 ** 9 }),
  );
  t.match(await verdict(site, claims, before), { code: 'archive_damaged', text: /cannot hold/ });
});

t.test('cut, lengthened, doubled', async (t) => {
  const { bytes, site } = await prepare(t);
  const before = JSON.stringify(await site.state());
  for (const [what, rotten] of Object.entries({
    'trailing garbage': Buffer.concat([bytes, Buffer.from('more')]),
    'trailing zeros': Buffer.concat([bytes, Buffer.alloc(512)]),
    'a second member': Buffer.concat([bytes, gzipSync('x')]),
    'itself again': Buffer.concat([bytes, bytes]),
    'packed by somebody else': gzipSync(gunzipSync(bytes)),
    'without its last byte': bytes.subarray(0, -1),
    'half of it': bytes.subarray(0, bytes.length / 2),
  })) {
    const said = await verdict(site, rotten, before);
    t.equal(said.code, 'archive_damaged', `${what}: ${said.text}`);
  }
});

t.test('whatever comes, it is refused with a Problem and nothing stays', { timeout: 300_000 }, async (t) => {
  const { bytes, site } = await prepare(t);
  const before = JSON.stringify(await site.state());
  const { store } = site.context;
  const around = await readdir(join(store.root, '..'));
  const refusal = async (input: Buffer) => {
    fc.pre(!input.equals(bytes) && !input.equals(crafted));
    const { code } = await verdict(site, input, before);
    return /^(archive_(damaged|foreign|refused)|wrong_content|base_image_\w+|predefined_not_importable|no_space)$/.test(
      code,
    );
  };
  const members = membersOf(bytes);
  const crafted = craft(members);
  const bytesOf = (size: number) =>
    fc.uint8Array({ minLength: 1, maxLength: size }).map((array) => Buffer.from(array));
  const offset = fc.nat(bytes.length - 1);
  const changed = fc.tuple(offset, fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
    const rotten = Buffer.from(bytes);
    rotten[at]! ^= by;
    return rotten;
  });
  const cut = offset.map((at) => bytes.subarray(0, at));
  const spliced = fc
    .tuple(offset, offset, bytesOf(700))
    .map(([a, b, more]) => Buffer.concat([bytes.subarray(0, a), more, bytes.subarray(b)]));
  // The tar is changed and everything around it made to fit again.
  const tar = gunzipSync(bytes);
  const repacked = fc.tuple(fc.nat(tar.length - 1), bytesOf(12)).map(([at, more]) => {
    const rotten = Buffer.from(tar);
    more.copy(rotten, at);
    return gzipSync(rotten);
  });
  const metadata = String(members[0]!.content);
  const reworded = fc
    .tuple(fc.nat(metadata.length), fc.nat(40), fc.string({ unit: 'binary', maxLength: 40 }))
    .map(([at, drop, more]) => {
      const content = Buffer.from(metadata.slice(0, at) + more + metadata.slice(at + drop));
      return craft([{ ...members[0]!, content }, ...members.slice(1)]);
    });
  const arbitrary = fc.oneof(
    bytesOf(3000),
    bytesOf(3000).map((raw) => gzipSync(raw)),
  );
  for (const [what, input, numRuns] of [
    ['arbitrary bytes', arbitrary, 40],
    ['a changed byte', changed, 60],
    ['cut off', cut, 30],
    ['spliced', spliced, 30],
    ['a changed tar', repacked, 40],
    ['changed metadata', reworded, 60],
  ] as const) {
    await fc.assert(fc.asyncProperty(input, refusal), { numRuns });
    t.pass(what);
  }
  t.strictSame(await readdir(join(store.root, '..')), around, 'nothing was written beside the store');
  t.match(
    await site.import('OSPROFILE', 'x.tar.gz', bytes),
    { state: 'Complete' },
    'and the whole one still comes in',
  );
});
