/** metadata.json: one text for one profile, and nothing else is accepted. */
import { archiveFiles, buildMetadata, type ProfileFile, parseMetadata } from '@osimage/archive';
import fc from 'fast-check';
import t from 'tap';
import { profileFile, snapshotOf } from './profile.ts';

const files: ProfileFile[] = [
  profileFile({ kind: 'script', name: 'b.sh', content: 'b' }, '2_b.sh'),
  profileFile({ kind: 'script', name: 'a.sh', content: 'a' }, '1_a.sh'),
  profileFile({ kind: 'script', name: 'a.sh', content: 'a' }, '3_a.sh'),
  profileFile({ kind: 'config', name: 'ü "quoted".json', content: '{}' }, '4_c.json'),
  profileFile({ kind: 'predefined-unattend', name: 'kickstart.cfg', content: 'install' }, ''),
];
const text = buildMetadata(snapshotOf(files));

t.test('the order of files does not matter, the order a profile wants is kept', async (t) => {
  const { customizationOptions } = snapshotOf(files);
  fc.assert(
    fc.property(
      fc.shuffledSubarray(files, { minLength: files.length }),
      (shuffled) => buildMetadata({ ...snapshotOf(shuffled), customizationOptions }) === text,
    ),
  );
  const parsed = parseMetadata(text);
  t.strictSame(parsed.customizationOptions, customizationOptions);
  t.equal(buildMetadata(parsed), text);
  t.ok(text.endsWith('}\n'));
});

t.test('one content twice under one name is two files and one member', async (t) => {
  const parsed = parseMetadata(text);
  t.equal(parsed.files.length, 5);
  const paths = archiveFiles(parsed).map(({ path }) => path);
  t.equal(paths.length, 4);
  t.strictSame(
    paths.map((path) => path.split('/')[1]),
    ['config', 'scripts', 'scripts', 'unattend-predefined'],
  );
});

t.test('a profile without files', async (t) => {
  const empty = buildMetadata({ ...snapshotOf([]), customizationOptions: null });
  t.strictSame(archiveFiles(parseMetadata(empty)), []);
});

t.test('names that cannot be packed', async (t) => {
  for (const name of [
    '',
    '.',
    '..',
    'a/b',
    'a\\b',
    'a\0',
    'a\nb',
    '\ud800',
    'x'.repeat(256),
    'ü'.repeat(128),
  ]) {
    const file = { ...files[0]!, name };
    t.throws(() => buildMetadata(snapshotOf([file])), { code: 'bad_name' }, JSON.stringify(name));
  }
});

t.test('anything but the canonical text is refused', async (t) => {
  const changed: Record<string, string> = {
    'not JSON': text.slice(0, -3),
    'other spacing': JSON.stringify(JSON.parse(text)),
    'no last line feed': text.trimEnd(),
    'another format': text.replace('osimage-export archive', 'something else'),
    'a later version': text.replace('"formatVersion": 1', '"formatVersion": 2'),
    'one more key': text.replace('"encoder"', '"extra": 1,\n  "encoder"'),
    'a path that leads elsewhere': text.replace(
      /"path": "profile\/scripts\/[^"]+"/,
      '"path": "profile/../x"',
    ),
    'a negative size': text.replace(/"size": 1,/, '"size": -1,'),
    'a short digest': text.replace(/"sha256": "[0-9a-f]{64}"/, '"sha256": "abc"'),
    'an unknown kind': text.replace('"kind": "script"', '"kind": "bundle"'),
    'a file no option names': text.replace('"1_a.sh",', ''),
    'a list instead of an object': '[]\n',
  };
  for (const [name, wrong] of Object.entries(changed)) {
    t.not(wrong, text, `${name}: is another text`);
    t.throws(() => parseMetadata(wrong), { code: 'archive_damaged' }, name);
  }
});
