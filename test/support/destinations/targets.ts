/** Where an archive goes: folders, names, sizes. */
import type { Test } from 'tap';
import { problemOf, someBytes } from '../delivery.ts';
import { content, MIB, ourName, type Place } from './place.ts';

export async function targets(t: Test, at: Place): Promise<void> {
  const { deliver, profile, root, to, makeFolder, arrived, left } = at;
  await t.test('a folder, named with a slash or there already, takes it under our name', async (t) => {
    await makeFolder('slash');
    const delivery = to(`${root}slash/`);
    const delivered = await deliver(delivery);
    const { sha256 } = delivery.archive;
    t.match(delivered, { finalPath: `${root}slash/${ourName}`, size: content.length, sha256 });
    await arrived(t, `slash/${ourName}`);
    t.strictSame(await left('slash'), [ourName, `${ourName}.sha256`]);
    t.equal(delivery.progress.at(-1), content.length);
    t.strictSame(
      delivery.progress,
      delivery.progress.toSorted((a, b) => a - b),
      'progress only grows',
    );
    await makeFolder('existing');
    await deliver(to(`${root}existing`));
    await arrived(t, `existing/${ourName}`);
  });

  await t.test('a full name, in folders that are made, by two at once', async (t) => {
    const names = ['a', 'b'];
    const all = await Promise.all(
      names.map((name) => deliver(to(`${root}/some//new/./${name}`, { jobId: name }))),
    );
    t.strictSame(
      all.map(({ finalPath }) => finalPath),
      names.map((name) => `${root}some/new/${name}`),
    );
    for (const name of names) await arrived(t, `some/new/${name}`);
  });

  await t.test('without a path: where the login lands, or the default folder', async (t) => {
    t.equal((await deliver(to(''))).finalPath, `${root}${ourName}`);
    await arrived(t, ourName);
    const server = { ...profile, defaultPath: 'archives/new' };
    t.equal((await deliver(to('', { server }))).finalPath, `${root}archives/new/${ourName}`);
    await arrived(t, `archives/new/${ourName}`);
    t.equal((await deliver(to('archives/x'))).finalPath, `${root}archives/x`);
  });

  await t.test('every size, however the content is compared', async (t) => {
    const verify = ['size', 'sample', 'full'] as const;
    // A .tar.gz is never empty.
    for (const [at, size] of [1, 100, 131_071, 131_072, MIB + 1].entries()) {
      const options = { ...profile.options, verify: verify[at % 3] ?? 'size' };
      const delivery = to(`${root}edge-${size}`, { server: { ...profile, options } }, someBytes(size));
      await deliver(delivery);
      await arrived(t, `edge-${size}`, someBytes(size));
    }
  });

  await t.test('odd names, the longest that fits, and one that does not', async (t) => {
    await makeFolder('names');
    const longest = 'ä'.repeat(124);
    for (const name of [longest, 'ü & 100% #1?;[x]+.tar.gz', ' a  b~ ']) {
      await deliver(to(`${root}names/${name}`));
      await arrived(t, `names/${name}`);
    }
    const problem = await problemOf(deliver(to(`${root}names/${longest}b`)));
    t.match(problem, { code: 'invalid_request', message: /sha256/ });
    for (const path of [`names/${'f'.repeat(256)}/f`, `names/${'f'.repeat(256)}`]) {
      const long = await problemOf(deliver(to(root + path)));
      t.match(long, { code: /^(remote_name_refused|invalid_request)$/, transient: false }, path);
    }
    t.equal((await left('names')).length, 6);
  });
}
