/** gRPC over mutual TLS: who gets in, under which name, and who may speak for a user. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { connectPackager, hostsOf, openIdentity, type PackagingClient } from '@osimage/packaging-api';
import { createLogger } from '@osimage/telemetry';
import t, { type Test } from 'tap';
import { type Authority, createAuthority, type Issued, loopbackNames } from '../support/certificates.ts';
import { startServices } from '../support/services.ts';
import { needTool } from '../support/tools.ts';
import { until } from '../support/until.ts';

const log = createLogger('test', 'silent');
const order = { imageType: 'IMAGE_TYPE_OS', fileSize: 0 } as const;

function environment(authority: Authority, { cert, key }: Issued): NodeJS.ProcessEnv {
  return { GRPC_CA: authority.ca, GRPC_CERT: cert, GRPC_KEY: key };
}

/** A caller with a certificate. */
async function caller(t: Test, address: string, env: NodeJS.ProcessEnv): Promise<PackagingClient> {
  const grpc = await openIdentity(env, log);
  const client = connectPackager(address, grpc?.identity);
  t.teardown(() => {
    client.close();
    return grpc?.stop();
  });
  return client;
}

/** What a TLS connection to a packager ends in: the certificate of one that speaks HTTP/2, or how it is refused. */
async function shake(address: string, ca: string, own?: Issued): Promise<string> {
  const [host, port] = address.split(':');
  const socket = connect({
    host: host!,
    port: Number(port),
    ALPNProtocols: ['h2'],
    ca: await readFile(ca),
    ...(own && { cert: await readFile(own.cert), key: await readFile(own.key) }),
  });
  try {
    const [first] = await Promise.race([
      once(socket, 'data').then(() => [socket.getPeerX509Certificate()?.subject]),
      once(socket, 'close').then(() => ['closed']),
    ]);
    return String(first);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
  }
}

t.test('the certificate says who calls', async (t) => {
  const authority = await createAuthority(t);
  if (!authority) return;
  const gateway = await authority.issue('gateway', '/CN=gateway', { names: loopbackNames });
  const services = await startServices(t, { env: environment(authority, gateway) });
  const address = services.packagers[0]!.address;
  const createdBy = async (jobId: string) =>
    (await services.db.query<{ name: string }>('select created_by as name from jobs where id = $1', [jobId]))
      .rows[0]?.name;

  await t.test('the gateway speaks for its users', async (t) => {
    t.equal(await createdBy(await services.client.createImport('OS')), 'USERID');
  });

  await t.test('another caller has the name in its certificate', async (t) => {
    for (const [subject, names, name] of [
      ['/O=Example/CN=backup tool', 'DNS:elsewhere.example', 'backup tool'],
      ['/', 'DNS:builder.example,DNS:other.example', 'builder.example'],
      ['/O=Example', 'URI:spiffe://example/packer', 'spiffe://example/packer'],
    ] as const) {
      const own = environment(authority, await authority.issue('caller', subject, { names }));
      const client = await caller(t, address, own);
      const { jobId } = await client.createImport(order, { user: '' });
      t.equal(await createdBy(jobId), name);
      t.equal(await createdBy((await client.createImport(order, { user: name })).jobId), name, 'said too');
      await t.rejects(client.createImport(order, { user: 'USERID' }), {
        code: 'speaks_for_nobody',
        message: `${name} may make calls for itself only, not for the user USERID.`,
      });
      await t.rejects(client.cancelJobs({ ids: [jobId] }, { user: 'USERID' }), { code: 'speaks_for_nobody' });
    }
    const nameless = environment(authority, await authority.issue('nameless', '/O=Example'));
    const client = await caller(t, address, nameless);
    await t.rejects(client.createImport(order, { user: '' }), { code: 'caller_without_name' });
  });

  await t.test('who has no valid certificate of the authority stays outside', async (t) => {
    const other = (await createAuthority(t))!;
    const stranger = await other.issue('gateway', '/CN=gateway', { names: loopbackNames });
    const expired = await authority.issue('expired', '/CN=gateway', { days: -1 });
    t.match(await shake(address, authority.ca, gateway), 'CN=gateway');
    t.equal(await shake(address, authority.ca), 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    t.match(await shake(address, authority.ca, stranger), /^closed$|^ECONNRESET$/);
    t.match(await shake(address, authority.ca, expired), /^closed$|^ECONNRESET$/);
    const inClear = await caller(t, address, {});
    await t.rejects(inClear.createImport(order, { user: 'USERID' }), { code: 'unavailable' });
    const strange = await caller(t, address, { ...environment(other, stranger), GRPC_CA: authority.ca });
    await t.rejects(strange.createImport(order, { user: 'USERID' }), { code: 'unavailable' });
  });

  await t.test('a packager must show a certificate of its own address, and of the authority', async (t) => {
    const own = environment(authority, gateway);
    const elsewhere = await authority.issue('elsewhere', '/CN=localhost', { names: 'DNS:elsewhere.example' });
    const wrongName = await services.addPackager(environment(authority, elsewhere));
    const client = await caller(t, wrongName.address, own);
    await t.rejects(client.createImport(order, { user: 'USERID' }), { code: 'unavailable' });
    const { ca } = (await createAuthority(t))!;
    const distrustful = await caller(t, address, { ...own, GRPC_CA: ca });
    await t.rejects(distrustful.createImport(order, { user: 'USERID' }), { code: 'unavailable' });
    const { port } = new URL(`http://${address}`);
    for (const form of [`dns:///localhost:${port}`, `localhost:${port}`, `ipv4:127.0.0.1:${port}`]) {
      const client = await caller(t, form, own);
      t.ok((await client.createImport(order, { user: 'USERID' })).jobId, form);
    }
    const list = await caller(t, `ipv4:127.0.0.2:1,127.0.0.1:${port}`, own);
    t.ok((await list.createImport(order, { user: 'USERID' })).jobId, 'one of a list');
  });

  await t.test('a renewed certificate is used without a restart', async (t) => {
    const packager = await authority.issue('packager', '/CN=first', { names: loopbackNames });
    const { address, pid } = await services.addPackager(environment(authority, packager));
    t.match(await shake(address, authority.ca, gateway), 'CN=first');
    const own = environment(authority, await authority.issue('tool', '/CN=before'));
    const grpc = (await openIdentity(own, log))!;
    t.teardown(() => grpc.stop());
    const client = connectPackager(address, grpc.identity);
    t.teardown(() => client.close());

    await authority.issue('packager', '/CN=second', { names: loopbackNames });
    process.kill(pid, 'SIGHUP');
    await until(async () => (await shake(address, authority.ca, gateway)).includes('CN=second'));
    await authority.issue('tool', '/CN=after');
    await grpc.reload();
    t.equal(await createdBy((await client.createImport(order, { user: '' })).jobId), 'after');

    await copyFile(authority.ca, packager.cert);
    process.kill(pid, 'SIGHUP');
    await until(async () => /cannot be read again/.test(await services.logs()));
    t.match(await shake(address, authority.ca, gateway), 'CN=second', 'one that cannot be used is not taken');
  });
});

t.test('a name of your own for the gateway', async (t) => {
  const authority = await createAuthority(t);
  if (!authority) return;
  const front = await authority.issue('front', '/CN=front-7', { names: loopbackNames });
  const env = { ...environment(authority, front), GRPC_GATEWAYS: 'front-6, front-7' };
  const { client } = await startServices(t, { env });
  t.ok(await client.createImport('OS'));
  const others = await startServices(t, { env: environment(authority, front) });
  const refused = await others.client.fetch('POST', '/osImages?imageType=OS', { Action: 'Init' });
  t.equal(refused.status, 403);
  t.match(await refused.json(), { messages: [{ id: 'FQXHMSE9303M' }] });
});

t.test('in clear there is only loopback', async (t) => {
  const packager = await startServices(t, { env: { PACKAGER_LISTEN: '0.0.0.0:0' } }).catch((error) => error);
  t.match(packager.message, 'packager did not start (exit code 2)');
  t.strictSame(hostsOf('packagers.example:50051'), ['packagers.example']);
  t.strictSame(hostsOf('[::1]:50051'), ['::1']);
  t.strictSame(hostsOf('dns:///packagers.example:50051'), ['packagers.example']);
  t.strictSame(hostsOf('dns:packagers.example'), ['packagers.example']);
  t.strictSame(hostsOf('dns://192.0.2.1/localhost:1'), ['192.0.2.1/localhost']);
  t.strictSame(hostsOf('ipv4:127.0.0.1:1,192.0.2.1:2'), ['127.0.0.1', '192.0.2.1']);
  t.strictSame(hostsOf('ipv6:[::1]:1,[2001:db8::1]:2'), ['::1', '2001:db8::1']);
  t.strictSame(hostsOf('unix:///run/osimage'), []);
});

t.test('the lines of docs/transport.md', async (t) => {
  if (needTool(t, 'openssl') === undefined) return;
  const page = await readFile(join(import.meta.dirname, '../../docs/transport.md'), 'utf8');
  const [, lines = ''] = /```sh\n([\s\S]*?)```/.exec(page) ?? [];
  const folder = await mkdtemp(join(tmpdir(), 'osimage-lines-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const { stdout } = await promisify(execFile)('sh', ['-ec', lines], { cwd: folder });
  t.equal(stdout, 'gateway.pem: OK\npackager.pem: OK\n');
  const files = (name: string) => ({
    GRPC_CA: join(folder, 'ca.pem'),
    GRPC_CERT: join(folder, `${name}.pem`),
    GRPC_KEY: join(folder, `${name}.key`),
  });
  const services = await startServices(t, { env: files('gateway') });
  const { address } = await services.addPackager(files('packager'));
  const client = await caller(t, address, files('gateway'));
  t.ok((await client.createImport(order, { user: 'USERID' })).jobId);
});
