// What is sealed opens in its place with its key, and nowhere else.
import { randomBytes } from 'node:crypto';
import { Problem } from '@osimage/errors';
import { loadSecretKey, open, seal } from '@osimage/secrets';
import fc from 'fast-check';
import t from 'tap';

const newRing = () => loadSecretKey({ SECRET_KEY: randomBytes(32).toString('base64'), DATA_DIR: '/nowhere' });
const ring = await newRing();
const other = await newRing();
const place = 'server/101/password';

function isUnreadable(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch (error) {
    return error instanceof Problem && error.code === 'secret_unreadable' && error.params.id === '101';
  }
}

t.test('any text comes back', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => open(ring, seal(ring, text, place), place) === text),
  );
});

t.test('any change is noticed', async () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.integer({ min: 1, max: 127 }), (text, where, change) => {
      const sealed = Buffer.from(seal(ring, text, place));
      const at = where % sealed.length;
      sealed[at] = (sealed[at] ?? 0) ^ change;
      const changed = sealed.toString('latin1');
      // The last character of base64url may carry bits that mean nothing; the text is the same then.
      return isUnreadable(() => open(ring, changed, place)) || open(ring, changed, place) === text;
    }),
  );
});

t.test('any text at all is either opened or refused with the same problem', async () => {
  fc.assert(fc.property(fc.string(), (text) => isUnreadable(() => open(ring, text, place))));
  for (const text of [
    '',
    'v1',
    'v1...',
    `v1.${ring.current}..`,
    `v1.${ring.current}.AAAA.AAAA`,
    'v2.a.b.c',
  ]) {
    t.ok(
      isUnreadable(() => open(ring, text, place)),
      text,
    );
  }
});

t.test('another key, another place', async (t) => {
  const sealed = seal(ring, 'secret', place);
  t.ok(isUnreadable(() => open(other, sealed, place)));
  t.throws(() => open(ring, sealed, 'server/102/password'), {
    code: 'secret_unreadable',
    params: { id: '102' },
  });
  const both = { current: other.current, keys: new Map([...ring.keys, ...other.keys]) };
  t.equal(open(both, sealed, place), 'secret', 'a ring opens what an older key of it sealed');
});

t.test('the form', async (t) => {
  const [a, b] = [seal(ring, 'secret', place), seal(ring, 'secret', place)];
  t.match(a, new RegExp(`^v1\\.${ring.current}\\.[\\w-]{16}\\.[\\w-]{30}$`));
  t.not(a, b, 'a nonce is never used again');
  t.match(ring.current, /^[0-9a-f]{8}$/);
});
