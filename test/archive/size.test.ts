/** The length that is told before an archive is planned is the one of the plan. */
import { archiveSize, type FileKind, memberPath, openArchive } from '@osimage/archive';
import fc from 'fast-check';
import t from 'tap';

const gibibyte = 2 ** 30;
const kinds: readonly FileKind[] = ['boot', 'driver', 'predefined-unattend'];

const anyMember = fc
  .record({
    kind: fc.constantFrom(...kinds),
    sha256: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
    // Short and long ones, of one to four bytes a character.
    name: fc.string({ unit: fc.constantFrom('a', 'é', '漢', '🙂'), minLength: 1, maxLength: 63 }),
    ending: fc.constantFrom('', '.zip', 'x'.repeat(60), 'x'.repeat(200)),
    rawSize: fc.oneof(fc.nat(2000), fc.integer({ min: 8 * gibibyte - 2, max: 8 * gibibyte + 2 })),
  })
  .map(({ kind, sha256, name, ending, rawSize }) => {
    const short = Buffer.byteLength(name + ending) > 255 ? ending || 'a' : name + ending;
    const packedSize = rawSize === 0 ? 0 : Math.ceil(rawSize / 2) + 5;
    return { path: memberPath(kind, sha256, short), sha256, rawSize, packedSize };
  });

/** Around the edges of one stored block and of two, with the headers beside it. */
const anyMetadata = fc
  .oneof(fc.nat(3000), fc.integer({ min: 62_000, max: 66_000 }), fc.integer({ min: 128_000, max: 132_000 }))
  .map((length) => 'm'.repeat(length));

t.test('the size of any archive', (t) => {
  const members = fc.uniqueArray(anyMember, { selector: ({ path }) => path, maxLength: 30 });
  fc.assert(
    fc.property(anyMetadata, members, (metadata, members) => {
      const planned = members.map(({ path, ...sizes }) => {
        const segment = { rawLength: sizes.rawSize, packedLength: sizes.packedSize, rawCrc: 0, packedCrc: 0 };
        return { path, blob: { ...sizes, segments: [segment], physicalName: '', encoder: 0 } };
      });
      return archiveSize(metadata, members) === openArchive({ metadata, members: planned }, '/').size;
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test('one content under one name counts once, two are refused', (t) => {
  const one = { path: memberPath('unattend', 'ab'.repeat(32), 'a.xml'), sha256: 'ab'.repeat(32) };
  const member = { ...one, rawSize: 10, packedSize: 15 };
  t.equal(archiveSize('{}', [member, member]), archiveSize('{}', [member]));
  const other = { ...member, sha256: `${'ab'.repeat(31)}cd` };
  t.throws(() => archiveSize('{}', [member, other]), { code: 'conflict' });
  t.end();
});
