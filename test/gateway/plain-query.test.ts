/** Upload queries are percent-decoded only (contract, 1.10). */
import fc from 'fast-check';
import t from 'tap';
import { plainQuery } from '../../services/gateway/request-input.ts';

t.test('a plus stays a plus, as pylxca means it', async (t) => {
  t.same(
    { ...plainQuery('/files/osImages?imageName=c++%20notes.txt&os=a=b&description=&flag') },
    { imageName: 'c++ notes.txt', os: 'a=b', description: '', flag: '' },
  );
  t.same({ ...plainQuery('/files/osImages') }, {});
  t.same({ ...plainQuery('/x?a=1&a=2&a=3') }, { a: ['1', '2', '3'] });
  t.same({ ...plainQuery('/x?a=%zz') }, { a: '%zz' }, 'a wrong encoding stays as it is');
  t.same(Object.entries(plainQuery('/x?__proto__=1')), [['__proto__', '1']], 'no name is special');
});

t.test('anything encoded comes back as it was', async () => {
  const pairs = fc.uniqueArray(
    fc.tuple(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' })),
    {
      selector: ([name]) => name,
    },
  );
  fc.assert(
    fc.property(pairs, (given) => {
      const query = given
        .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
        .join('&');
      const found = plainQuery(`/x?${query}`);
      return (
        given.length === Object.keys(found).length && given.every(([name, value]) => found[name] === value)
      );
    }),
  );
});
