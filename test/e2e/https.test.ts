/** Everything over HTTPS: upload, export, download, ranges; the certificate, and a new one while it runs. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, getCACertificates, setDefaultCACertificates } from 'node:tls';
import t from 'tap';
import { buildSamples } from '../../samples/build.ts';
import { createAuthority, loopbackNames } from '../support/certificates.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';

/** What a handshake comes to: version and certificate, or the error's code. */
async function shake(url: string, options: ConnectionOptions = {}): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), ...options });
  try {
    await once(socket, 'secureConnect');
    return `${socket.getProtocol()} ${socket.getPeerX509Certificate()?.fingerprint256}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
  }
}

t.test('with a given certificate', async (t) => {
  const authority = await createAuthority(t);
  if (!authority) return;
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, await readFile(authority.ca, 'utf8')]);
  t.teardown(() => setDefaultCACertificates(before));
  const { cert, key } = await authority.issue('gateway', '/CN=gateway', { names: loopbackNames });
  const services = await startServices(t, { env: { TLS_CERT: cert, TLS_KEY: key } });
  const { client, url } = services;
  t.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const folder = await mkdtemp(join(tmpdir(), 'osimage-https-'));
  t.teardown(() => rm(folder, { recursive: true }));

  await t.test('upload, export, download, a range of it', async (t) => {
    const iso = (await buildSamples(folder)).find((sample) => sample.imageType === 'OS')!;
    const order = { imageType: 'OS', path: iso.path, name: iso.name, os: 'rhels', osrelease: 'secure9' };
    const base = await client.imported(order);
    const { jobID } = await client.export(`${base}|${base}-x86_64-install-Minimal`);
    const task = await client.ended(jobID);
    const whole = await client.fetch('GET', `/osImages/${task.filename}`);
    const bytes = Buffer.from(await whole.arrayBuffer());
    t.equal(createHash('sha256').update(bytes).digest('hex'), task.sha256);
    t.equal(whole.headers.get('strict-transport-security'), 'max-age=31536000');
    t.equal(whole.headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
    const range = await client.fetch('GET', `/osImages/${task.filename}`, undefined, {
      range: 'bytes=1000-',
    });
    t.equal(range.status, 206);
    t.ok(Buffer.from(await range.arrayBuffer()).equals(bytes.subarray(1000)));
    const failed = await client.fetch('GET', '/nowhere');
    t.equal(failed.headers.get('strict-transport-security'), 'max-age=31536000');
  });

  await t.test('cookies are for TLS only', async (t) => {
    const credentials = { UserId: 'USERID', password: 'Passw0rd-of-the-tests' };
    const cookies = (await client.fetch('POST', '/sessions', credentials)).headers.getSetCookie();
    t.ok(cookies.length >= 4);
    for (const cookie of cookies) t.match(cookie, /; Secure(;|$)/);
  });

  await t.test('TLS 1.2 and 1.3, with modern ciphers', async (t) => {
    t.match(await shake(url), /^TLSv1\.3 /);
    t.match(await shake(url, { maxVersion: 'TLSv1.2' }), /^TLSv1\.2 /);
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    t.match(await shake(url, old), /PROTOCOL_VERSION|ECONNRESET/);
    for (const ciphers of ['AES128-SHA', 'ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA256'])
      t.match(await shake(url, { maxVersion: 'TLSv1.2', ciphers }), /HANDSHAKE_FAILURE|ECONNRESET/, ciphers);
  });

  await t.test('a renewed certificate is shown without a restart, with the same rules', async (t) => {
    const first = await shake(url);
    await authority.issue('gateway', '/CN=gateway', { names: loopbackNames });
    process.kill(services.gateway.pid, 'SIGHUP');
    const second = await until(async () => {
      const now = await shake(url);
      return now !== first && now;
    });
    await authority.issue('gateway', '/CN=gateway', { names: loopbackNames });
    await until(async () => (await shake(url)) !== second);
    t.match(
      await shake(url, { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }),
      /HANDSHAKE_FAILURE|ECONNRESET/,
    );
  });

  await t.test('a stop ends kept connections and unfinished handshakes', async (t) => {
    const { hostname, port } = new URL(url);
    const handshaking = connectPlain(Number(port), hostname);
    await once(handshaking, 'connect');
    const idle = connect({ host: hostname, port: Number(port) });
    await once(idle, 'secureConnect');
    const closed = Promise.all([once(idle, 'close'), once(handshaking.resume(), 'close')]);
    idle.resume();
    await services.gateway.kill('SIGTERM');
    await closed;
    t.pass('it ended');
  });
});

t.test('beyond loopback without one, it makes its own and says its fingerprint', async (t) => {
  const services = await startServices(t, { env: { GATEWAY_HOST: '0.0.0.0' } });
  t.match(services.url, /^https:\/\/localhost:\d+$/);
  const own = await readFile(join(services.dataDir, 'gateway-tls.pem'), 'utf8');
  const shown = await shake(services.url, { ca: own });
  const [, said] = /^certificate SHA-256 (\S+), valid until 20/m.exec(await services.logs()) ?? [];
  t.equal(shown, `TLSv1.3 ${said}`, 'trusted under the name localhost');
});
