/** Certificates from files: what is accepted, what is said about those that are not, and replacements. */
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCertificate, expiresSoon, keepFresh, readAuthorities, readCertificate } from '@osimage/secrets';
import t from 'tap';
import { createAuthority } from '../support/certificates.ts';
import { until } from '../support/until.ts';

t.test('a certificate and its key', async (t) => {
  const authority = await createAuthority(t);
  if (!authority) return;
  const { cert, key } = await authority.issue('one', '/CN=one');
  const read = (certPath: string, keyPath: string) =>
    readCertificate({ setting: 'TLS_CERT', path: certPath }, { setting: 'TLS_KEY', path: keyPath });
  const refused = (certPath: string, keyPath: string, message: RegExp) =>
    t.rejects(read(certPath, keyPath), { code: 'certificate_unusable', message });

  const good = await read(cert, key);
  t.match(good.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  t.notOk(expiresSoon(good));
  t.ok(expiresSoon(good, Date.now() + 20 * 86_400_000));

  const other = await authority.issue('other', '/CN=other');
  const expired = await authority.issue('expired', '/CN=expired', { days: -1 });
  await refused(
    cert,
    other.key,
    /^TLS_KEY: \S+ does not hold the key of the certificate in TLS_CERT: \S+\.$/,
  );
  await refused(expired.cert, expired.key, /^TLS_CERT: \S+ expired on 20\S+\.$/);
  await refused('/nonexistent', key, /^TLS_CERT: \/nonexistent cannot be read \(ENOENT\)\.$/);
  await refused('/', key, /^TLS_CERT: \/ cannot be read \(EISDIR\)\.$/);
  await refused(key, key, /^TLS_CERT: \S+ holds no certificate in PEM form\.$/);
  const nonsense = `${key}.nonsense`;
  await writeFile(nonsense, 'nonsense', { mode: 0o600 });
  await refused(cert, nonsense, /^TLS_KEY: \S+ holds no private key in PEM form\.$/);
  const texts = [await readFile(cert, 'utf8'), await readFile(key, 'utf8')] as const;
  const before = new Date(Date.now() - 86_400_000);
  t.throws(() => checkCertificate(...texts, { cert: 'A', key: 'B' }, before), {
    message: /^A is not valid before/,
  });

  const locked = `${key}.locked`;
  await writeFile(
    locked,
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
  );
  await chmod(locked, 0o600);
  await refused(cert, locked, /is encrypted with a passphrase; give a key without one\.$/);

  for (const [mode, fine] of [
    [0o600, true],
    [0o400, true],
    [0o640, true],
    [0o644, false],
    [0o660, false],
    [0o602, false],
  ] as const) {
    await chmod(key, mode);
    if (fine) await t.resolves(read(cert, key), mode.toString(8));
    else await refused(cert, key, /may be read by everybody or changed by others; run chmod 600 on it\.$/);
  }

  t.match(await readAuthorities({ setting: 'GRPC_CA', path: authority.ca }), /BEGIN CERTIFICATE/);
  await t.rejects(readAuthorities({ setting: 'GRPC_CA', path: key }), {
    message: /^GRPC_CA: \S+ holds no certificate in PEM form\.$/,
  });
});

t.test('a replaced file is read again; a replacement that is no good is not taken', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-fresh-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'file');
  await writeFile(path, 'one');
  const failures: unknown[] = [];
  const renewed: string[][] = [];
  const read = async () => {
    const text = await readFile(path, 'utf8');
    if (text === 'bad') throw new Error('bad');
    return text;
  };
  const kept = await keepFresh([path], read, {
    renewed: (...values) => renewed.push(values),
    failed: (error) => failures.push(error),
    lookEveryMs: 5,
  });
  t.teardown(() => kept.stop());
  t.equal(kept.current, 'one');
  await writeFile(path, 'bad');
  await until(() => failures.length === 1);
  t.equal(kept.current, 'one');
  await writeFile(join(folder, 'new'), 'two');
  await copyFile(join(folder, 'new'), path);
  await until(() => kept.current === 'two');
  t.strictSame(renewed.at(-1)?.[0], 'two');
  await writeFile(path, 'three');
  await kept.reload();
  t.equal(kept.current, 'three');
  await kept.stop();
  await t.rejects(
    keepFresh([path], () => Promise.reject(new Error('first')), kept as never),
    { message: 'first' },
  );
});
