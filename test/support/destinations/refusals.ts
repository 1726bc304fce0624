/** Servers that refuse, and archives that fail. */
import { chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Test } from 'tap';
import { reachedFromOutside } from '../addresses.ts';
import { fakeArchive, problemOf } from '../delivery.ts';
import type { FileServer } from '../file-server.ts';
import { until } from '../until.ts';
import { type Changes, content, MIB, type Place } from './place.ts';

export async function refusals(t: Test, at: Place): Promise<void> {
  const { suite, deliver, profile, root, to, makeFolder, left } = at;
  const rootOnly = process.getuid?.() === 0 ? {} : { skip: 'permissions need a user of the server' };
  await t.test('no permission', rootOnly, async (t) => {
    const path = await makeFolder('locked');
    await chmod(path, 0o555);
    const code = suite.permission ?? 'remote_permission';
    t.match(await problemOf(deliver(to(`${root}locked/f`))), { code });
    const within = suite.direct ? code : 'remote_permission';
    t.match(await problemOf(deliver(to(`${root}locked/new/f`))), { code: within });
    await chmod(path, 0o755);
    t.strictSame(await left('locked'), []);
  });

  await t.test('a wrong password or user is told at once', async (t) => {
    for (const wrong of [{ password: 'wrong-one' }, { username: 'nobody-here' }]) {
      const problem = await problemOf(deliver(to(`${root}f`, { server: { ...profile, ...wrong } })));
      t.match(problem, { code: 'login_refused', transient: false });
      t.notMatch(`${problem.message} ${problem.recovery}`, /wrong-one|S3cret/);
    }
  });

  await t.test('a server that cannot be reached, or may not be', async (t) => {
    const closed = createServer().listen(0, '127.0.0.1');
    await until(() => closed.listening);
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const at = (server: Partial<FileServer['profile']>, changes: Changes = {}) =>
      problemOf(deliver(to(`${root}f`, { server: { ...profile, ...server }, ...changes })));
    t.match(await at({ port }), { code: 'host_unreachable', transient: true });
    t.match(await at({ address: 'no-such-host.invalid' }), { code: 'name_not_resolved' });
    for (const address of ['localhost', '::ffff:127.0.0.1'])
      t.match(await at({ address }, { addresses: reachedFromOutside() }), { code: 'address_not_allowed' });
  });

  await t.test('an archive that ends early or fails is never published', async (t) => {
    await makeFolder('short');
    const archive = fakeArchive(content, content.length + 1);
    const early = await problemOf(deliver(to(`${root}short/f`, { archive })));
    t.equal(early.code, 'archive_damaged');
    const damaged = new Error('segment 3 is rotten');
    const rotten = to(`${root}short/f`);
    const stream = async function* () {
      yield content.subarray(0, MIB);
      throw damaged;
    };
    await t.rejects(deliver({ ...rotten, archive: { ...rotten.archive, stream } }), damaged);
    t.strictSame(await left('short'), []);
  });
}
