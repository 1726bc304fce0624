/** Equal profiles give equal bytes: whatever the order of import, the number of cores, the installation. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openArchive } from '@osimage/archive';
import t from 'tap';
import { importFiles, openSite, putImage } from '../support/site.ts';
import { needTool } from '../support/tools.ts';
import { collect, makeProfile, manyFiles, noise, prose } from './profile.ts';

const run = promisify(execFile);

const folder = await mkdtemp(join(tmpdir(), 'osimage-deterministic-'));
t.teardown(() => rm(folder, { recursive: true }));

t.test('whatever the order of import', async (t) => {
  const one = await makeProfile(join(folder, 'one'), manyFiles);
  const other = await makeProfile(join(folder, 'other'), manyFiles.toReversed());
  const whole = async (members: typeof one.members, root: string) => {
    const archive = openArchive({ metadata: one.metadata, members }, root);
    try {
      return await collect(archive);
    } finally {
      await archive.close();
    }
  };
  const expected = await whole(one.members, one.root);
  t.ok(expected.equals(await whole(other.members, other.root)), 'from a store filled the other way round');
  t.ok(expected.equals(await whole(one.members.toReversed(), one.root)), 'members in another order');
  t.ok(expected.equals(await whole(one.members, one.root)), 'a second time');
});

t.test('whatever the cores and threads', async (t) => {
  const taskset = needTool(t, 'taskset');
  if (!taskset) return;
  const seen = new Map<string, string>();
  const cores = new Set<number>();
  const pack = async (name: string, threads: number, onOne: boolean, ...order: string[]) => {
    const command = [process.execPath, join(import.meta.dirname, 'pack.ts'), join(folder, name), ...order];
    const [program, ...args] = onOne ? [taskset, '-c', '0', ...command] : command;
    const env = { ...process.env, UV_THREADPOOL_SIZE: String(threads) };
    const { stdout } = await run(program!, args, { env });
    const { sha256, size, cores: count } = JSON.parse(stdout) as Record<'sha256' | 'size' | 'cores', never>;
    seen.set(name, `${size} ${sha256}`);
    cores.add(count);
  };
  await pack('one core, one thread', 1, true);
  await pack('one core, eight threads', 8, true, 'reversed');
  await pack('all cores, one thread', 1, false);
  await pack('all cores, four threads', 4, false, 'reversed');
  t.equal(new Set(seen.values()).size, 1, JSON.stringify([...seen]));
  t.ok(cores.has(1));
  if (availableParallelism() > 1) t.equal(cores.size, 2, 'one core, and several');
});

t.test('two installations', async (t) => {
  const image = 'rhels9.4';
  const baseId = `${image}|${image}-x86_64-install-Minimal`;
  const profileId = `${image}|${image}-x86_64-install-web`;
  const files = [
    { kind: 'script', name: 'large.sh', content: prose(3_300_000) },
    { kind: 'script', name: 'hex.sh', content: noise(1_500_000).toString('hex') },
    { kind: 'config', name: 'größe.json', content: '{}' },
  ] as const;
  const here = await openSite(t);
  await putImage(here, image);
  await here.profile(baseId, 'web', await importFiles(here, files));
  const bytes = await here.export(profileId);

  const there = await openSite(t);
  // The content is packed by the other installation, in another order, before the archive brings names and ids.
  await importFiles(there, [{ kind: 'script', name: 'other.sh', content: prose(2_000_000, 2) }]);
  for (const { kind, name, content } of files.toReversed())
    await importFiles(there, [{ kind, name: `another ${name}`, content }]);
  await putImage(there, image);
  t.match(await there.import('OSPROFILE', 'web.tar.gz', bytes), { state: 'Complete' });
  t.ok((await there.export(profileId)).equals(bytes));
});
