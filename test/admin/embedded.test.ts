/** The command finds the embedded database: running or not, and makes none. */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeEmbedded, startEmbedded } from '@osimage/database';
import t, { type Test } from 'tap';
import { adminFor } from '../support/admin.ts';

async function dataFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-admin-'));
  await chmod(folder, 0o711);
  t.teardown(async () => {
    await removeEmbedded(folder);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

t.test('one that runs is shared, one that does not is started and stopped', async (t) => {
  const dataDir = await dataFolder(t);
  const admin = adminFor({ DATA_DIR: dataDir });
  const database = await startEmbedded({ dataDir, durable: false });
  const add = await admin(['user', 'add', 'ann', '--role', 'lxc-supervisor', '--generate']);
  t.match(add, { code: 0, stdout: /\npassword: \S{20} {2}\(shown only now\)\n$/, stderr: '' });
  await database.stop();
  const list = await admin(['user', 'list', '--json']);
  t.match(list, { code: 0, stderr: '' });
  t.match(JSON.parse(list.stdout), { users: [{ name: 'ann' }] });
  const again = await startEmbedded({ dataDir, durable: false });
  t.ok(again.url, 'it was left as it was found');
  await again.stop();
});

t.test('where there has never been one, none is made', async (t) => {
  const dataDir = await dataFolder(t);
  for (const folder of [dataDir, join(dataDir, 'nowhere')]) {
    const run = await adminFor({ DATA_DIR: folder })(['user', 'list']);
    t.match(run, { code: 1, stdout: '', stderr: /^there is no database in .*DATABASE_URL\n$/ });
  }
  t.same(await readdir(dataDir), []);
});
