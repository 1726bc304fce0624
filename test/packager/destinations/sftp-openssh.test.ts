// Deliveries to OpenSSH: where the archive ends up, and that nothing else stays there.
import { readdirSync } from 'node:fs';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { deliverTo } from '../../../services/packager/destinations/index.ts';
import {
  checkSum,
  deliveryTo,
  fakeArchive,
  problemOf,
  profileOf,
  someBytes,
} from '../../support/delivery.ts';
import { startSshd } from '../../support/sshd.ts';

const deliver = deliverTo('SFTP');
const content = someBytes(5 * 1024 * 1024 + 12_345);
const ourName = '20260101000000_web.tar.gz';

const server = await startSshd(t);
if (server !== undefined) {
  const { folder } = server;
  const profile = profileOf(server);
  const owner = (await stat(folder)).uid;
  const isSshd = server.kind === 'OpenSSH';
  /** Folders of the test that the server's user may write to. */
  const makeFolder = async (name: string) => {
    const path = join(folder, name);
    await mkdir(path);
    await chown(path, owner, -1);
    return path;
  };
  const arrived = async (t: Test, path: string, expected = content) => {
    t.ok((await readFile(path)).equals(expected), 'the same bytes');
    t.equal(await checkSum(path), `${path.split('/').pop()}: OK`);
    t.equal((await stat(path)).mode & 0o777, 0o600);
  };

  await t.test('into a folder named with a slash at the end', async (t) => {
    const path = await makeFolder('slash');
    const delivery = deliveryTo(profile, content, `${path}/`);
    const delivered = await deliver(delivery);
    t.match(delivered, {
      finalPath: join(path, ourName),
      size: content.length,
      sha256: delivery.archive.sha256,
    });
    await arrived(t, delivered.finalPath);
    t.strictSame((await readdir(path)).sort(), [ourName, `${ourName}.sha256`]);
    t.equal(delivery.progress.at(-1), content.length);
    t.strictSame(
      delivery.progress,
      [...delivery.progress].sort((a, b) => a - b),
      'progress only grows',
    );
    t.equal(new Set(delivery.steps).size, delivery.steps.length);
  });

  await t.test('into a folder that exists, without a slash', async (t) => {
    const path = await makeFolder('existing');
    await arrived(t, (await deliver(deliveryTo(profile, content, path))).finalPath);
    t.strictSame((await readdir(path)).sort(), [ourName, `${ourName}.sha256`]);
  });

  await t.test('under a full name, in folders that are made', async (t) => {
    const path = join(folder, 'some', 'path', 'to', 'file');
    const { finalPath } = await deliver(deliveryTo(profile, content, `/${folder}//some//path/./to/file`));
    t.equal(finalPath, path);
    await arrived(t, path);
  });

  await t.test('two deliveries make the same folders at once', async (t) => {
    const path = join(folder, 'both', 'of', 'them');
    const all = await Promise.all(
      ['a', 'b'].map((name) => deliver(deliveryTo(profile, content, join(path, name), { jobId: name }))),
    );
    for (const { finalPath } of all) await arrived(t, finalPath);
  });

  await t.test('without a path: where the login lands, or the default folder', async (t) => {
    t.equal((await deliver(deliveryTo(profile, content, ''))).finalPath, join(folder, ourName));
    const withDefault = profileOf(server, { defaultPath: 'archives/new' });
    const { finalPath } = await deliver(deliveryTo(withDefault, content, ''));
    t.equal(finalPath, join(folder, 'archives', 'new', ourName));
    await arrived(t, finalPath);
    t.equal(
      (await deliver(deliveryTo(profile, content, 'archives/x'))).finalPath,
      join(folder, 'archives', 'x'),
    );
  });

  await t.test('sizes at the edges', async (t) => {
    for (const size of [0, 1, 261_119, 261_120, 261_121, 1024 * 1024, 1024 * 1024 + 1]) {
      const bytes = someBytes(size);
      const { finalPath } = await deliver(deliveryTo(profile, bytes, join(folder, `edge-${size}`)));
      await arrived(t, finalPath, bytes);
    }
  });

  await t.test('an existing file is replaced, and only by a whole one', async (t) => {
    const path = await makeFolder('replace');
    const file = join(path, 'latest.tar.gz');
    await writeFile(file, 'the old one');
    const delivery = deliveryTo(profile, content, file, {
      checkLease: async () => {
        t.equal(await readFile(file, 'utf8'), 'the old one', 'untouched until the end');
      },
    });
    await deliver(delivery);
    await arrived(t, file);
    t.strictSame((await readdir(path)).sort(), ['latest.tar.gz', 'latest.tar.gz.sha256']);
  });

  await t.test('a link under the final name is replaced, not followed', async (t) => {
    const path = await makeFolder('final-link');
    const elsewhere = join(path, 'elsewhere');
    await writeFile(elsewhere, 'not yours');
    await chown(elsewhere, owner, -1);
    await symlink(elsewhere, join(path, 'file'));
    await deliver(deliveryTo(profile, content, join(path, 'file')));
    await arrived(t, join(path, 'file'));
    t.notOk((await lstat(join(path, 'file'))).isSymbolicLink());
    t.equal(await readFile(elsewhere, 'utf8'), 'not yours');
  });

  await t.test('a link planted under the temporary name is not followed', async (t) => {
    const path = await makeFolder('planted');
    const victim = join(path, 'victim');
    await writeFile(victim, 'precious');
    await chown(victim, owner, -1);
    await symlink(victim, join(path, '.file.12-1.part'));
    await symlink(join(path, 'made-by-the-link'), join(path, '.file.12-1.sha256.part'));
    await deliver(deliveryTo(profile, content, join(path, 'file')));
    t.equal(await readFile(victim, 'utf8'), 'precious');
    await arrived(t, join(path, 'file'));
    t.strictSame((await readdir(path)).sort(), ['file', 'file.sha256', 'victim']);
  });

  await t.test('what earlier attempts of the same job left is removed, and nothing of others', async (t) => {
    const path = await makeFolder('leftovers');
    for (const name of [
      '.f.12-1.part',
      '.f.12-1.sha256.part',
      '.f.12-2.part',
      '.f.13-1.part',
      '.g.12-1.part',
    ]) {
      await writeFile(join(path, name), 'half');
    }
    await deliver(deliveryTo(profile, content, join(path, 'f'), { attempt: 3 }));
    t.strictSame((await readdir(path)).sort(), ['.f.13-1.part', '.g.12-1.part', 'f', 'f.sha256']);
  });

  await t.test('the longest name that fits, and one that does not', async (t) => {
    const path = await makeFolder('names');
    const longest = 'ä'.repeat(124);
    await deliver(deliveryTo(profile, content, join(path, longest)));
    await arrived(t, join(path, longest));
    const problem = await problemOf(deliver(deliveryTo(profile, content, join(path, `${longest}b`))));
    t.match(problem, { code: 'invalid_request', message: /sha256/ });
    t.equal((await readdir(path)).length, 2);
    const odd = 'a \\b "c" $(d).tar.gz';
    await deliver(deliveryTo(profile, content, join(path, odd)));
    t.match(await checkSum(join(path, odd)), /OK$/);
  });

  await t.test(
    'no space: said before the first byte, with both numbers, and no folder is left',
    async (t) => {
      const delivery = deliveryTo(profile, content, join(folder, 'full', 'f'), {
        archive: fakeArchive(content, 2 ** 52),
      });
      const problem = await problemOf(deliver(delivery));
      t.equal(problem.code, 'remote_no_space');
      t.equal(problem.params.needed, 2 ** 52);
      t.ok(Number(problem.params.available) > 0);
      t.notOk(problem.transient);
      t.strictSame(delivery.progress, []);
      await t.rejects(stat(join(folder, 'full')), { code: 'ENOENT' });
    },
  );

  await t.test('an archive that ends early is never published', async (t) => {
    const path = await makeFolder('short');
    const archive = fakeArchive(content, content.length + 1);
    const problem = await problemOf(deliver(deliveryTo(profile, content, join(path, 'f'), { archive })));
    t.equal(problem.code, 'archive_damaged');
    t.strictSame(await readdir(path), []);
  });

  await t.test('folders that are none, or are in the way', async (t) => {
    const path = await makeFolder('in-the-way');
    await writeFile(join(path, 'file'), '');
    for (const target of ['file/', 'file/deeper', 'file/deeper/']) {
      const problem = await problemOf(deliver(deliveryTo(profile, content, join(path, target))));
      t.match(problem, { code: 'remote_not_a_folder', params: { path: join(path, 'file') } }, target);
    }
    await mkdir(join(path, ourName));
    t.match(await problemOf(deliver(deliveryTo(profile, content, `${path}/`))), { code: 'conflict' });
    await mkdir(join(path, 'sum.sha256'));
    t.match(await problemOf(deliver(deliveryTo(profile, content, join(path, 'sum')))), { code: 'conflict' });
    t.strictSame((await readdir(path)).sort(), [ourName, 'file', 'sum.sha256']);
  });

  await t.test('paths that no server gets to see', async (t) => {
    for (const path of ['../x', '/a/../b', 'a\0b', 'a\nb']) {
      t.equal((await problemOf(deliver(deliveryTo(profile, content, path)))).code, 'invalid_request');
    }
  });

  await t.test(
    'no permission',
    { skip: isSshd ? false : 'sshd with a user of its own is needed' },
    async (t) => {
      const path = await makeFolder('locked');
      await chmod(path, 0o555);
      for (const target of ['f', 'new/f']) {
        const problem = await problemOf(deliver(deliveryTo(profile, content, join(path, target))));
        t.equal(problem.code, 'remote_permission');
        t.match(problem.message, new RegExp(server.username));
      }
      await chmod(path, 0);
      t.equal(
        (await problemOf(deliver(deliveryTo(profile, content, join(path, 'f'))))).code,
        'remote_permission',
      );
      await chmod(path, 0o755);
      t.strictSame(await readdir(path), []);
    },
  );

  await t.test('cancelled in the middle: the partial file is gone, the archive is closed', async (t) => {
    const path = await makeFolder('cancelled');
    const controller = new AbortController();
    const reason = new Error('cancelled by USERID');
    let seen: string[] = [];
    const delivery = deliveryTo(profile, content, join(path, 'f'), {
      signal: controller.signal,
      onProgress: (bytes) => {
        if (bytes < 1024 * 1024 || controller.signal.aborted) return;
        seen = readdirSync(path);
        controller.abort(reason);
      },
    });
    await t.rejects(deliver(delivery), reason);
    t.strictSame(seen, ['.f.12-1.part'], 'it was on its way');
    t.strictSame(await readdir(path), []);
    t.equal(delivery.archive.open, 0);
  });

  await t.test('a job that was lost meanwhile publishes nothing and removes nothing', async (t) => {
    const { Problem } = await import('@osimage/errors');
    const path = await makeFolder('lost');
    const delivery = deliveryTo(profile, content, join(path, 'f'), {
      checkLease: async () => {
        throw new Problem('attempt_lost');
      },
    });
    t.equal((await problemOf(deliver(delivery))).code, 'attempt_lost');
    t.strictSame((await readdir(path)).sort(), ['.f.12-1.part', '.f.12-1.sha256.part']);
    t.equal((await stat(join(path, '.f.12-1.part'))).mode & 0o777, 0o600);
    await deliver(deliveryTo(profile, content, join(path, 'f'), { attempt: 2 }));
    t.strictSame((await readdir(path)).sort(), ['f', 'f.sha256'], 'the successor tidies up');
  });

  await t.test('nothing is left anywhere of all that', async (t) => {
    const all = await readdir(folder, { recursive: true });
    t.strictSame(
      all.filter((name) => name.endsWith('.part') && !/leftovers/.test(name)),
      [],
    );
    await rm(folder, { recursive: true });
  });
}
