// Where the key comes from: the setting, or one file that all processes agree on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { keyIdOf, loadSecretKey, open, seal } from '@osimage/secrets';
import t from 'tap';

t.test('made once, readable by its owner only', async (t) => {
  const DATA_DIR = join(t.testdir({}), 'new', 'data');
  const first = await loadSecretKey({ DATA_DIR });
  const file = join(DATA_DIR, 'secret.key');
  t.equal((await stat(file)).mode & 0o777, 0o600);
  t.equal((await stat(DATA_DIR)).mode & 0o777, 0o700);
  t.equal(Buffer.from(await readFile(file, 'utf8'), 'base64').length, 32);
  t.equal((await loadSecretKey({ DATA_DIR })).current, first.current);
  t.strictSame(await readdir(DATA_DIR), ['secret.key'], 'nothing else is left');
  const shown = inspect(first, { depth: 9, showHidden: true }) + JSON.stringify(first);
  t.notMatch(shown, (await readFile(file, 'utf8')).trim(), 'printing it shows no key');
});

t.test('processes that start at once agree', async (t) => {
  const DATA_DIR = t.testdir({});
  const program = `
    import { keyIdOf, loadSecretKey, open, seal } from '@osimage/secrets';
    process.stdout.write((await loadSecretKey({ DATA_DIR: process.argv[1] })).current);`;
  const start = () =>
    spawn(process.execPath, ['--input-type=module', '-e', program, DATA_DIR], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const ids = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = start();
      const [id] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      return id;
    }),
  );
  t.match(ids[0], /^[0-9a-f]{8}$/);
  t.equal(new Set(ids).size, 1);
  t.equal((await loadSecretKey({ DATA_DIR })).current, ids[0]);
  t.strictSame(await readdir(DATA_DIR), ['secret.key']);
});

t.test('many at once in one process agree', async (t) => {
  const DATA_DIR = t.testdir({});
  const rings = await Promise.all(Array.from({ length: 20 }, () => loadSecretKey({ DATA_DIR })));
  t.equal(new Set(rings.map((ring) => ring.current)).size, 1);
});

t.test('the setting wins and leaves no file', async (t) => {
  const DATA_DIR = t.testdir({});
  const SECRET_KEY = Buffer.alloc(32, 7).toString('base64');
  const [a, b] = [
    await loadSecretKey({ SECRET_KEY, DATA_DIR }),
    await loadSecretKey({ SECRET_KEY, DATA_DIR }),
  ];
  t.equal(a.current, b.current);
  t.strictSame(await readdir(DATA_DIR), []);
});

t.test('keys that cannot be used', async (t) => {
  const DATA_DIR = t.testdir({});
  const file = join(DATA_DIR, 'secret.key');
  await t.rejects(loadSecretKey({ SECRET_KEY: 'short', DATA_DIR }), {
    code: 'secret_key_unusable',
    message: /SECRET_KEY/,
  });
  await writeFile(file, 'short', { mode: 0o600 });
  await t.rejects(loadSecretKey({ DATA_DIR }), { code: 'secret_key_unusable', message: /32 bytes/ });
  await writeFile(file, Buffer.alloc(32, 7).toString('base64'));
  for (const mode of [0o640, 0o604, 0o660]) {
    await chmod(file, mode);
    await t.rejects(loadSecretKey({ DATA_DIR }), { code: 'secret_key_unusable', message: /read by others/ });
  }
  await chmod(file, 0o600);
  await t.resolves(loadSecretKey({ DATA_DIR }));
  await mkdir(join(DATA_DIR, 'sub', 'secret.key'), { recursive: true });
  await t.rejects(loadSecretKey({ DATA_DIR: join(DATA_DIR, 'sub') }), { code: 'secret_key_unusable' });
  await t.rejects(loadSecretKey({ DATA_DIR: join(file, 'below') }), { code: 'secret_key_unusable' });
});

t.test(
  'several keys: the first is current, a running process learns of new ones and forgets none',
  async (t) => {
    const DATA_DIR = t.testdir({});
    const file = join(DATA_DIR, 'secret.key');
    const ring = await loadSecretKey({ DATA_DIR });
    const first = ring.current;
    const sealed = seal(ring, 'secret', 'server/1/password');
    const fresh = Buffer.alloc(32, 7).toString('base64');
    const before = await readFile(file, 'utf8');
    await writeFile(file, `${fresh}\n${before}`, { mode: 0o600 });
    const other = await loadSecretKey({ DATA_DIR });
    t.not(other.current, first);
    const newer = seal(other, 'newer', 'server/1/password');
    t.equal(open(ring, newer, 'server/1/password'), 'newer', 'a key that was not known is looked for');
    t.equal(keyIdOf(seal(ring, 'x', 'server/1/password')), other.current, 'and used from then on');
    await writeFile(file, `${fresh}\n`);
    ring.reload?.();
    t.equal(open(ring, sealed, 'server/1/password'), 'secret', 'what was read before can still be opened');
    t.throws(() => open(other, 'v1.00000000.AAAA.AAAA', 'server/1/password'), { code: 'secret_unreadable' });
    await rm(file);
    t.throws(() => seal(ring, 'x', 'server/1/password'), { code: 'secret_key_unusable', message: /is gone/ });
  },
);

t.test('SECRET_KEY_OLD opens and never seals', async (t) => {
  const DATA_DIR = t.testdir({});
  const [a, b, c] = [1, 2, 3].map((fill) => Buffer.alloc(32, fill).toString('base64'));
  const old = await loadSecretKey({ SECRET_KEY: a, DATA_DIR });
  const ring = await loadSecretKey({ SECRET_KEY: c, SECRET_KEY_OLD: `${a}, ${b}`, DATA_DIR });
  t.equal(ring.keys.size, 3);
  t.equal(open(ring, seal(old, 'secret', 'server/1/password'), 'server/1/password'), 'secret');
  t.equal(keyIdOf(seal(ring, 'x', 'server/1/password')), ring.current);
});
