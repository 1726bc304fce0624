/** Exports to file servers of every protocol through the front door, and what their jobs tell. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { createAuthority, loopbackNames } from '../support/certificates.ts';
import { checkSum } from '../support/delivery.ts';
import { startNginx } from '../support/nginx.ts';
import { startProftpd } from '../support/proftpd.ts';
import { importWindows } from '../support/sample-profile.ts';
import { startServices } from '../support/services.ts';

t.test('FTP, FTPS, HTTP and HTTPS', async (t) => {
  const authority = await createAuthority(t);
  if (authority === undefined) return;
  const certificate = await authority.issue('good', '/CN=good', { names: loopbackNames });
  const services = await startServices(t, { env: { OUTBOUND_CA: authority.ca } });
  const { client, dataDir } = services;
  const imageId = await importWindows(client, dataDir, 'win2016');
  const profileId = `${imageId}|${imageId}-x86_64-install-Standard`;
  const local = await client.ended((await client.export(profileId)).jobID);
  const locations =
    'location / { dav_methods PUT DELETE MKCOL MOVE; create_full_put_path on; client_max_body_size 0; }';
  const servers = [
    await startProftpd(t),
    await startProftpd(t, { certificate }),
    await startNginx(t, { locations, writable: true }),
    await startNginx(t, { locations, writable: true, certificate }),
  ];
  for (const server of servers) {
    if (server === undefined) continue;
    const { address, port, protocol, username, password } = server.profile;
    const add = { displayName: protocol, address, port, protocol, username, password };
    const { serverId } = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', add);
    const deliver = async () => {
      const query = `?serverId=${serverId}&path=${encodeURIComponent(`${server.root}out/a.tar.gz`)}`;
      return await client.ended((await client.export(profileId, query)).jobID);
    };
    const task = await deliver();
    t.match(
      task,
      { status: 'Complete', sha256: local.sha256, size: local.size, filename: 'a.tar.gz' },
      protocol,
    );
    const { notes } = task as unknown as { notes: string[] };
    const open = protocol === 'FTP' || protocol === 'HTTP';
    t.equal(
      notes.some((note) => /no encryption/.test(note)),
      open,
      `${protocol}: ${notes}`,
    );
    t.strictSame((await readdir(join(server.folder, 'out'))).sort(), ['a.tar.gz', 'a.tar.gz.sha256']);
    t.match(await checkSum(join(server.folder, 'out/a.tar.gz')), /: OK$/);
    const again = await deliver();
    t.match(again, { status: 'Complete' });
    t.match((again as unknown as { notes: string[] }).notes.join(' '), /nothing was sent/);
    t.ok((await readFile(join(server.folder, 'out/a.tar.gz'))).length === local.size);
  }
});
