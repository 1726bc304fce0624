/**
 * Deliveries over FTP and HTTP that are cancelled while no worker has them: what they left under temporary names is taken
 * away all the same. Over HTTP without them nothing is removed, as it could be somebody else's, and the job tells of it.
 */
import { once } from 'node:events';
import { createWriteStream, statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Step } from '../../services/packager/steps.ts';
import { makeHolds } from '../chaos/holds.ts';
import { makeBigProfile } from '../support/big-profile.ts';
import type { Task } from '../support/client.ts';
import type { FileServer } from '../support/file-server.ts';
import { startNginx } from '../support/nginx.ts';
import { startProftpd } from '../support/proftpd.ts';
import { startProxy } from '../support/proxy.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';

type Server = Pick<FileServer, 'folder' | 'root'> & {
  profile: Pick<FileServer['profile'], 'port' | 'protocol' | 'username' | 'password'>;
};

/** Exports whose packager is at a step of each, on their way through proxies. */
async function begin(t: Test, wanted: readonly { server: Server; step: Step }[]) {
  const holds = await makeHolds(t);
  const services = await startServices(t, { packagerEnv: { PACKAGER_JOBS: '8', ...holds.env } });
  const { client, dataDir } = services;
  const profileId = await makeBigProfile(client, dataDir, 8);
  await holds.others('unknown');
  const jobs = await Promise.all(
    wanted.map(async ({ server, step }) => {
      const { protocol, username, password, port } = server.profile;
      const proxy = await startProxy(t, port);
      const { serverId } = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', {
        displayName: `${protocol} ${port}`,
        address: 'localhost',
        port: proxy.port,
        protocol,
        username,
        password,
      });
      const path = encodeURIComponent(`${server.root}f`);
      const { jobID: id } = await client.export(profileId, `?serverId=${serverId}&path=${path}`);
      await holds.at(id, step);
      return {
        id,
        proxy,
        left: async () => (await readdir(server.folder)).sort(),
        partials: [`.f.${id}-1.part`, `.f.${id}-1.sha256.part`],
        ended: async () => (await client.ended(id)) as Task & { notes: string[] },
      };
    }),
  );
  const ids = jobs.map(({ id }) => id);
  await holds.held(ids);
  const cancel = () => client.fetch('PUT', '/tasks', { action: 'cancel', list: ids });
  return { ...services, holds, jobs, ids, cancel };
}

/** A server that knows nothing but PUT and HEAD, and shows what has arrived so far. */
async function startPlain(t: Test): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-plain-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const server = createServer((request, response) => {
    const path = join(folder, decodeURIComponent(request.url ?? ''));
    const found = statSync(path, { throwIfNoEntry: false });
    if (request.method === 'PUT')
      request.pipe(createWriteStream(path)).on('finish', () => void response.writeHead(201).end());
    else if (request.method !== 'HEAD') response.writeHead(405).end();
    else if (found?.isFile()) response.setHeader('content-length', found.size).end();
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { folder, root: '/', profile: { port, protocol: 'HTTP', username: '', password: '' } };
}

const allow = (methods: string) => `location / { dav_methods ${methods}; client_max_body_size 0; }`;

t.test('by a packager that died', async (t) => {
  const ftp = await startProftpd(t);
  const webDav = await startNginx(t, { locations: allow('PUT DELETE MKCOL MOVE'), writable: true });
  const hidden = await startNginx(t, { locations: allow('PUT'), writable: true });
  if (ftp === undefined || webDav === undefined || hidden === undefined) return;
  const { addPackager, cancel, db, holds, ids, jobs, packagers } = await begin(t, [
    { server: ftp, step: 'before-publish' },
    { server: webDav, step: 'before-publish' },
    { server: hidden, step: 'middle' },
    { server: await startPlain(t), step: 'middle' },
  ]);
  const [overFtp, overWebDav, overHidden, overPlain] = jobs;
  for (const job of [overFtp!, overWebDav!]) t.strictSame(await job.left(), job.partials);
  await until(async () => (await overPlain!.left()).length > 0);
  await packagers[0]!.kill('SIGKILL');
  await holds.others('nowhere');
  await addPackager({ PACKAGER_LISTEN: packagers[0]!.address });
  await until(async () => (await cancel()).status === 200);
  // The sweeper tries once every worker has had its time.
  await db.query(`update jobs set ended_at = ended_at - interval '1 hour' where id = any($1::bigint[])`, [
    ids,
  ]);
  await until(async () => {
    const query = 'select from jobs where id = any($1::bigint[]) and checkpoint is null';
    return (await db.query(query, [ids])).rowCount === ids.length;
  });
  for (const job of jobs) t.equal((await job.ended()).status, 'Cancelled');
  for (const job of [overFtp!, overWebDav!, overHidden!]) {
    t.strictSame(await job.left(), []);
    t.strictSame((await job.ended()).notes, []);
  }
  const { notes } = await overPlain!.ended();
  t.match(notes, [/^Half of the archive may be left on localhost; it was not removed.*: \/f\.$/]);
  t.equal(notes.length, 1);
  t.strictSame(await overPlain!.left(), ['f'], 'it may be another one by now');
});

t.test('FTP, between two attempts', async (t) => {
  const server = await startProftpd(t);
  if (server === undefined) return;
  const { cancel, client, holds, jobs } = await begin(t, [{ server, step: 'middle' }]);
  const { id, proxy, left, partials, ended } = jobs[0]!;
  proxy.cut(true);
  await holds.go();
  await client.watch(id, ({ attempts }) => attempts.some(({ error }) => error));
  t.strictSame(await left(), partials.slice(0, 1), 'it could not be removed');
  proxy.cut(false);
  t.equal((await cancel()).status, 200);
  t.strictSame(await left(), [], 'gone when the cancel is answered');
  t.equal((await ended()).status, 'Cancelled');
  t.strictSame((await ended()).notes, []);
});
