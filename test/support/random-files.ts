/** Files for property tests: any names a file may have, any sizes that matter to a segment, a block, a header. */
import fc from 'fast-check';
import { noise, prose, type TestFile } from '../archive/profile.ts';

const forbidden = /[/\\\p{Cc}]/gu;

/** Cuts a name to so many bytes of UTF-8, at a character. */
function cut(name: string, bytes: number): string {
  let kept = '';
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > bytes) break;
    kept += character;
  }
  return kept;
}

/** A name of 1 to 255 bytes that ends with `suffix`. */
export function fileNames(suffix: string): fc.Arbitrary<string> {
  const stem = fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 260 }) },
    // Where a path gets too long for the name field, for the name itself, for a name at all.
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('x', 'ü', '🚀'), fc.constantFrom(60, 66, 100, 101, 155, 255), fc.nat(3))
        .map(([character, bytes, less]) => character.repeat(bytes - less)),
    },
  );
  return stem
    .map((text) => `${cut(text.replace(forbidden, '_'), 255 - suffix.length)}${suffix}`)
    .filter((name) => name.isWellFormed() && !['', '.', '..'].includes(name));
}

/** Mostly small contents; now and then one of some segments. */
export const contents: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.nat(3000) },
      { weight: 2, arbitrary: fc.constantFrom(0, 1, 511, 512, 513, 65_535, 65_536, 1024 * 1024) },
      { weight: 1, arbitrary: fc.integer({ min: 1_000_000, max: 2_200_000 }) },
    ),
    fc.boolean(),
    fc.nat(50),
  )
  .map(([length, dense, seed]) => (dense ? noise(length, seed) : prose(length, seed)));

const kinds = [
  'boot',
  'config',
  'driver',
  'script',
  'software',
  'unattend',
  'predefined-unattend',
] as const satisfies readonly TestFile['kind'][];

/** Any files of a profile; predefined ones have one folder, so one content a name. */
export const anyFiles: fc.Arbitrary<TestFile[]> = fc
  .array(fc.record({ kind: fc.constantFrom(...kinds), name: fileNames(''), content: contents }), {
    maxLength: 12,
  })
  .map((files) =>
    files.filter(
      ({ kind, name }, at) =>
        kind !== 'predefined-unattend' ||
        files.findIndex((file) => file.kind === kind && file.name === name) === at,
    ),
  );
