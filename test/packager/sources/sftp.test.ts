// Fetching over SFTP from OpenSSH: the common suite, and that host keys count here too.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '@osimage/errors';
import t, { type Test } from 'tap';
import { defaultLimits } from '../../../services/packager/sftp/limits.ts';
import { sftpSource } from '../../../services/packager/sources/sftp.ts';
import { profileOf } from '../../support/delivery.ts';
import type { FileServer } from '../../support/file-server.ts';
import { startProxy } from '../../support/proxy.ts';
import { failure, fetched, fetchRequest, sourceSuite } from '../../support/source-suite.ts';
import { startSshd } from '../../support/sshd.ts';

const source = sftpSource();

async function start(t: Test): Promise<FileServer | undefined> {
  const sshd = await startSshd(t);
  if (sshd === undefined) return undefined;
  const proxy = await startProxy(t, sshd.port);
  const { folder } = sshd;
  const profile = profileOf(sshd, { port: proxy.port });
  return { profile, folder, root: `${folder}/`, freeze: proxy.freeze, drop: proxy.drop };
}

t.test('as every source', (t) =>
  sourceSuite(t, {
    source,
    impatient: sftpSource({ ...defaultLimits, silenceMs: 600, answerMs: 600 }),
    start,
  }),
);

t.test('host keys', async (t) => {
  const server = await start(t);
  if (server === undefined) return;
  await writeFile(join(server.folder, 'a.iso'), 'content');
  const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';
  const changed = { ...server.profile, hostKeys: [other] };
  t.match(await failure(source, fetchRequest(server, 'a.iso', { server: changed })), {
    code: 'host_key_changed',
    transient: false,
  });
  const fresh = { ...server.profile, hostKeys: [] };
  const pinned: string[] = [];
  const pinHostKey = async (key: string) => {
    pinned.push(key);
    return [key];
  };
  const { content } = await fetched(source, fetchRequest(server, 'a.iso', { server: fresh, pinHostKey }));
  t.equal(content.toString(), 'content');
  t.same(pinned, server.profile.hostKeys);
  const refused = async () => {
    throw new Problem('host_key_unknown', { address: 'x' });
  };
  const problem = await failure(
    source,
    fetchRequest(server, 'a.iso', { server: fresh, pinHostKey: refused }),
  );
  t.equal(problem.code, 'host_key_unknown');
});

t.test('a path that is relative to where the login lands', async (t) => {
  const server = await start(t);
  if (server === undefined) return;
  await writeFile(join(server.folder, 'a.iso'), 'content');
  const { content } = await fetched(source, fetchRequest(server, '', { path: 'a.iso' }));
  t.equal(content.toString(), 'content');
});
