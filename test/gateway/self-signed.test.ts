/** The certificate a gateway makes for itself. */
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { selfSigned, selfSignedPath } from '../../services/gateway/transport/self-signed.ts';

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'osimage-self-signed-'));
  t.teardown(() => rm(path, { recursive: true }));
  return path;
}

t.test('what it is', async (t) => {
  const dataDir = join(await folder(t), 'data');
  const { cert, fingerprint, expires } = await selfSigned(dataDir, '192.0.2.7');
  const parsed = new X509Certificate(cert);
  for (const name of ['localhost', hostname()]) t.ok(parsed.checkHost(name), name);
  for (const address of ['127.0.0.1', '::1', '192.0.2.7']) t.ok(parsed.checkIP(address), address);
  t.notOk(parsed.ca);
  t.ok(parsed.verify(parsed.publicKey));
  t.match(parsed.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' });
  t.ok(expires.getTime() > Date.now() + 800 * 86_400_000);
  const path = selfSignedPath(dataDir);
  t.equal((await stat(path)).mode & 0o777, 0o600);
  t.equal((await selfSigned(dataDir, '192.0.2.8')).fingerprint, fingerprint, 'the next start keeps it');
  t.strictSame(await readdir(dataDir), ['gateway-tls.pem'], 'nothing else is left');
  t.ok(
    new X509Certificate((await selfSigned(await folder(t), 'gateway.example')).cert).checkHost(
      'gateway.example',
    ),
  );
  t.ok(new X509Certificate((await selfSigned(await folder(t), '0.0.0.0')).cert).checkIP('127.0.0.1'));
});

t.test('several that start at once end with one', async (t) => {
  const dataDir = await folder(t);
  const all = await Promise.all(Array.from({ length: 8 }, () => selfSigned(dataDir, '::')));
  t.equal(new Set(all.map(({ fingerprint }) => fingerprint)).size, 1);
  t.strictSame(await readdir(dataDir), ['gateway-tls.pem']);
});

t.test('it is made again when it expires soon or is no certificate', async (t) => {
  const dataDir = await folder(t);
  const first = await selfSigned(dataDir, '::');
  const days = (count: number) => new Date(first.expires.getTime() - count * 86_400_000);
  t.equal((await selfSigned(dataDir, '::', days(31))).fingerprint, first.fingerprint);
  const second = await selfSigned(dataDir, '::', days(29));
  t.not(second.fingerprint, first.fingerprint);
  t.ok(second.expires > first.expires);
  const path = selfSignedPath(dataDir);
  const [certOnly] = (await readFile(path, 'utf8')).split('-----BEGIN PRIVATE');
  for (const content of ['', 'nonsense', certOnly!]) {
    await writeFile(path, content);
    const again = await selfSigned(dataDir, '::');
    t.not(again.fingerprint, second.fingerprint);
    t.equal((await stat(path)).mode & 0o777, 0o600);
  }
});

t.test('what is in the way is one sentence', async (t) => {
  const dataDir = await folder(t);
  await selfSigned(dataDir, '::');
  await chmod(selfSignedPath(dataDir), 0o644);
  await t.rejects(selfSigned(dataDir, '::'), {
    code: 'certificate_unusable',
    message: /gateway-tls\.pem may be read by others; remove it, and a new certificate is made\.$/,
  });
  const file = join(dataDir, 'file');
  await writeFile(file, '');
  await t.rejects(selfSigned(file, '::'), { code: 'certificate_unusable' });
});
