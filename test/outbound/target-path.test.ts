// The `path` of an export: what it may be and what becomes of it.
import { normaliseTargetPath } from '@osimage/outbound';
import fc from 'fast-check';
import t from 'tap';

t.test('known paths', async (t) => {
  for (const [given, expected] of [
    ['', ''],
    ['/', '/'],
    ['///', '/'],
    ['.', ''],
    ['./', ''],
    ['/.', '/'],
    ['//some//path//to//file', '/some/path/to/file'],
    ['/some/path/', '/some/path/'],
    ['/some/path/.', '/some/path/'],
    ['a/./b', 'a/b'],
    ['a', 'a'],
    ['a..b/...', 'a..b/...'],
    ['/a b/ü|%2F', '/a b/ü|%2F'],
  ] as const) {
    t.equal(normaliseTargetPath(given), expected, given);
  }
});

t.test('refused paths', async (t) => {
  const bad = [
    '..',
    '/..',
    'a/../b',
    '../a',
    'a/..',
    'a\0',
    'a\nb',
    'a\x7f',
    'a\x85',
    '\ud800',
    'x'.repeat(256),
    'x/'.repeat(3000),
  ];
  for (const path of bad)
    t.throws(() => normaliseTargetPath(path), { code: 'invalid_request' }, JSON.stringify(path.slice(0, 20)));
});

t.test('whatever comes: a clean path or invalid_request, and twice is as good as once', async () => {
  const piece = fc.oneof(
    fc.constantFrom('/', '//', '.', '..', '\0', 'a', 'ä'),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const path = pieces.join('');
      let clean: string;
      try {
        clean = normaliseTargetPath(path);
      } catch (error) {
        return (error as { code?: unknown }).code === 'invalid_request';
      }
      const segments = clean.split('/');
      return (
        normaliseTargetPath(clean) === clean &&
        !clean.includes('//') &&
        !segments.includes('..') &&
        !segments.includes('.') &&
        clean.startsWith('/') === path.startsWith('/')
      );
    }),
  );
});
