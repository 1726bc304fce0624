/** What lies there already: the same archive, another file, links, leftovers, folders in the way. */
import { chown, lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { problemOf } from '../delivery.ts';
import { content, MIB, ourName, type Place } from './place.ts';

export async function existing(t: Test, at: Place): Promise<void> {
  const { suite, deliver, folder, root, owner, to, makeFolder, arrived, left } = at;
  await t.test('a file of that name is replaced, and only by a whole one', async (t) => {
    const path = await makeFolder('replace');
    await writeFile(join(path, 'f'), 'the old one');
    await chown(join(path, 'f'), owner, -1);
    const { notes } = await deliver(
      to(`${root}replace/f`, {
        checkLease: async () => {
          if (suite.direct) return;
          t.equal(await readFile(join(path, 'f'), 'utf8'), 'the old one', 'untouched until the end');
        },
      }),
    );
    await arrived(t, 'replace/f');
    t.match(notes?.join(), /replaced another file/);
    t.strictSame(await left('replace'), ['f', 'f.sha256']);
  });

  await t.test('where this very archive lies nothing is sent', async (t) => {
    const again = to(`${root}replace/f`, { jobId: '13' });
    const { notes, sha256 } = await deliver(again);
    t.match(notes?.join(), /nothing was sent/);
    t.equal(sha256, again.archive.sha256);
    t.notOk(again.steps.includes('sending'));
    await writeFile(join(folder, 'replace/f.sha256'), 'wrong');
    t.match((await deliver(to(`${root}replace/f`))).notes?.join(), /\.sha256 was missing or wrong/);
    await arrived(t, 'replace/f');
    const other = Buffer.from(content);
    other[2 * MIB] = 0;
    await deliver(to(`${root}replace/f`, {}, other));
    await arrived(t, 'replace/f', other);
  });

  if (!suite.direct)
    await t.test('what lies under temporary names: ours goes, a link is not followed', async (t) => {
      const path = await makeFolder('leftovers');
      const names = ['.f.12-1.part', '.f.12-1.sha256.part', '.f.12-2.part', '.f.13-1.part', '.g.12-1.part'];
      for (const name of [...names, 'victim']) {
        await writeFile(join(path, name), 'precious');
        await chown(join(path, name), owner, -1);
      }
      await symlink(join(path, 'victim'), join(path, '.f.12-3.part'));
      await deliver(to(`${root}leftovers/f`, { attempt: 3 }));
      t.strictSame(await left('leftovers'), ['.f.13-1.part', '.g.12-1.part', 'f', 'f.sha256', 'victim']);
      t.equal(await readFile(join(path, 'victim'), 'utf8'), 'precious');
    });

  await t.test('a link under the final name is replaced, not followed', async (t) => {
    const path = await makeFolder('final-link');
    await writeFile(join(path, 'elsewhere'), 'not yours');
    await chown(join(path, 'elsewhere'), owner, -1);
    await symlink(join(path, 'elsewhere'), join(path, 'f'));
    await deliver(to(`${root}final-link/f`));
    await arrived(t, 'final-link/f');
    t.notOk((await lstat(join(path, 'f'))).isSymbolicLink());
    t.equal(await readFile(join(path, 'elsewhere'), 'utf8'), 'not yours');
  });

  await t.test('folders that are none, or are in the way', async (t) => {
    const path = await makeFolder('in-the-way');
    await writeFile(join(path, 'file'), '');
    for (const target of ['file/', 'file/deeper', 'file/deeper/']) {
      const problem = await problemOf(deliver(to(`${root}in-the-way/${target}`)));
      t.match(problem, { code: 'remote_not_a_folder', params: { path: `${root}in-the-way/file` } }, target);
    }
    await mkdir(join(path, ourName));
    t.match(await problemOf(deliver(to(`${root}in-the-way/`))), { code: 'conflict' });
    await mkdir(join(path, 'sum.sha256'));
    t.match(await problemOf(deliver(to(`${root}in-the-way/sum`))), { code: 'conflict' });
    t.strictSame(await left('in-the-way'), [ourName, 'file', 'sum.sha256']);
    for (const target of ['../x', '/a/../b', 'a\0b', 'a\nb'])
      t.equal((await problemOf(deliver(to(target)))).code, 'invalid_request');
  });
}
