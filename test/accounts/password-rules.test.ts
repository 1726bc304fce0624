/** New passwords (OWASP ASVS 5.0, 6.2): long enough, no rules about kinds of characters, none that are common. */
import { checkAccountName, checkNewPassword, generatePassword } from '@osimage/accounts';
import fc from 'fast-check';
import t from 'tap';

const refusal = (password: string, name = 'USERID') =>
  checkNewPassword(password, name).then(
    () => '',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );

t.test('refused, and why', async (t) => {
  for (const [password, why] of [
    ['', /fewer than 8/],
    ['1234567', /fewer than 8/],
    ['🔑🔑🔑🔑', /fewer than 8/],
    ['x'.repeat(1_025), /more than 1024/],
    ['password', /guessed first/],
    ['Password1', /guessed first/],
    ['QWERTYUIOP', /guessed first/],
    ['12345678', /guessed first/],
    ['userid12', /name of the account/],
    ['USERIDuserid', /name of the account/],
    ['!UserId2!', /name of the account/],
    ['osimage-export', /name of the product/],
    ['Lenovo123', /name of the product/],
    ['aaaaaaaaaaaa', /one or two/],
    ['abababababab', /one or two/],
  ] as const) {
    const said = await refusal(password);
    t.match(said, /^password_too_weak: /, password.slice(0, 20));
    t.match(said, why, password.slice(0, 20));
  }
});

t.test('taken', async (t) => {
  for (const password of [
    'choose-a-password',
    'correct horse battery staple',
    'alllowercaseletters',
    '8402175936',
    ' leading and trailing ',
    'ein Paßwort mit ß',
    '字字字火水木金土',
    'Passw0rd-of-the-tests',
    `${'x1'.repeat(30)}7 days`,
    `${'A1'.repeat(511)}zz`,
  ])
    t.equal(await refusal(password), '', password.slice(0, 30));
  t.equal(await refusal('admin-of-the-house', 'admin'), '', 'the name as one word among others');
  t.equal(await refusal('blackbird singing', 'b'), '', 'a name of one letter is no word');
  for (let count = 0; count < 20; count += 1) t.equal(await refusal(generatePassword()), '');
});

t.test('it is told by its own account only, and says nothing of the password', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string(), async (password, name) => {
      const said = await refusal(password, name);
      return said === '' || (said.startsWith('password_too_weak: ') && !/[{}]/.test(said));
    }),
  );
  t.notMatch(await refusal('qwertyuiop'), /qwerty/);
});

t.test('names of accounts', async (t) => {
  for (const name of ['USERID', 'root of all', 'jürgen', 'a@b.example', 'x'.repeat(128)])
    t.doesNotThrow(() => checkAccountName(name), name);
  for (const name of ['', ' a', 'a ', 'a:b', 'a\nb', 'a\0', 'a\u202eb', 'x'.repeat(129), 'a\u2028b'])
    t.throws(() => checkAccountName(name), { code: 'account_name_unusable' }, encodeURIComponent(name));
});
