/** Driver bundles come in with the signature of somebody in the keyring, made by GnuPG, and not without. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { buildZip } from '../../samples/zip.ts';
import { openSite, type Site } from '../support/site.ts';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);

interface Gpg {
  readonly folder: string;
  /** Makes a key and gives its fingerprint; `more`: options of gpg, such as its time. */
  key(name: string, algorithm?: string, expires?: string, more?: readonly string[]): Promise<string>;
  /** An armored detached signature. */
  sign(content: Buffer, key: string, more?: readonly string[]): Promise<string>;
  publicKey(name: string): Promise<string>;
  revoke(fingerprint: string): Promise<void>;
}

/** The time of keys that have expired since. */
const longAgo = ['--faked-system-time', '20240101T000000'];

async function gnupg(t: Test, program: string): Promise<Gpg> {
  // Its agent's socket needs a short path.
  const home = await mkdtemp(join(tmpdir(), 'gpg-'));
  t.teardown(async () => {
    await run('gpgconf', ['--homedir', home, '--kill', 'all']).catch(() => {});
    await rm(home, { recursive: true, force: true });
  });
  const gpg = async (...args: string[]) =>
    (
      await run(program, [
        '--homedir',
        home,
        '--batch',
        '--quiet',
        '--pinentry-mode',
        'loopback',
        '--passphrase',
        '',
        ...args,
      ])
    ).stdout;
  return {
    folder: home,
    async key(name, algorithm = 'ed25519', expires = 'never', more = []) {
      await gpg(...more, '--quick-generate-key', name, algorithm, 'sign', expires);
      const listed = await gpg('--with-colons', '--list-keys', name);
      return /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? '';
    },
    async sign(content, key, more = []) {
      const path = join(home, 'content');
      await writeFile(path, content);
      await gpg(
        ...more,
        '--yes',
        '--armor',
        '--local-user',
        key,
        '--output',
        `${path}.asc`,
        '--detach-sign',
        path,
      );
      return await readFile(`${path}.asc`, 'utf8');
    },
    publicKey: (name) => gpg('--armor', '--export', name),
    async revoke(fingerprint) {
      const path = join(home, 'openpgp-revocs.d', `${fingerprint}.rev`);
      await writeFile(path, (await readFile(path, 'utf8')).replace(/^:(?=-----)/m, ''));
      await gpg('--import', path);
    },
  };
}

async function importBundle(site: Site, content: Buffer, signature?: string, name = 'drivers-win2022') {
  if (signature !== undefined) await site.imported('BUNDLESIG', `${name}.asc`, signature, 'win');
  return await site.import('BUNDLE', `${name}.zip`, content, { os: 'win' });
}

t.test('a bundle', async (t) => {
  const program = needTool(t, 'gpg');
  if (program === undefined) return;
  const gpg = await gnupg(t, program);
  const content = buildZip([{ path: 'drivers/nic.inf', content: Buffer.from('[Version]\r\n') }]);
  await writeFile(join(gpg.folder, 'bundle.zip'), content);
  const keyring = join(gpg.folder, 'keyring.asc');
  const good = await gpg.key('good');
  const rsa = await gpg.key('rsa', 'rsa3072');
  const expired = await gpg.key('expired', 'ed25519', '2024-02-01', longAgo);
  const old = await gpg.key('old', 'ed25519', 'never', longAgo);
  const revoked = await gpg.key('revoked');
  const stranger = await gpg.key('stranger');
  const signedBeforeRevocation = await gpg.sign(content, revoked);
  await gpg.revoke(revoked);
  const names = ['good', 'rsa', 'old', 'expired', 'revoked'];
  await writeFile(keyring, (await Promise.all(names.map(gpg.publicKey))).join('\n'));
  const site = await openSite(t, { BUNDLE_KEYRING: keyring });

  await t.test('of somebody in the keyring', async (t) => {
    for (const [key, name] of [
      [good, 'first'],
      [rsa, 'second'],
    ] as const) {
      const job = await importBundle(site, content, await gpg.sign(content, key), name);
      t.match(job, { state: 'Complete', error: null, object_id: new RegExp(`_${name}\\.zip$`) });
    }
    // Larger than any piece it is read in.
    const large = Buffer.concat([content, Buffer.alloc(5_000_000, 7), content]);
    const job = await importBundle(site, large, await gpg.sign(large, good), 'Large');
    t.match(job, { state: 'Complete' }, JSON.stringify(job.error));
    const { rows } = await site.db.query<{ type: string }>(`select type from files where kind = 'bundle'`);
    t.strictSame(rows.map(({ type }) => type).sort(), [
      ...Array(3).fill('BUNDLE'),
      ...Array(3).fill('BUNDLESIG'),
    ]);
  });

  await t.test('that cannot be trusted', async (t) => {
    const sha1 = await gpg.sign(content, rsa, ['--digest-algo', 'SHA1']);
    const inThePast = await gpg.sign(content, expired, longAgo);
    const brief = await gpg.sign(content, old, [...longAgo, '--default-sig-expire', '1d']);
    const other = Buffer.concat([content, Buffer.alloc(1)]);
    const twice = await gpg.sign(content, good, ['--local-user', rsa]);
    const text = await gpg.sign(content, good, ['--textmode']);
    for (const [what, signature, says] of [
      ['another content', await gpg.sign(other, good), /not what was signed/],
      ['another content, RSA', await gpg.sign(other, rsa), /not what was signed/],
      [
        'an unknown key',
        await gpg.sign(content, stranger),
        new RegExp(`${stranger.slice(-16)}, which is not in the keyring`),
      ],
      ['an expired key', inThePast, new RegExp(`${expired.slice(-16)} has expired`)],
      ['a revoked key', signedBeforeRevocation, new RegExp(`${revoked.slice(-16)} was revoked`)],
      ['a weak hash', sha1, /hash that is too weak/],
      ['a signature that has expired', brief, /: it has expired/],
      ['two signatures', twice, /exactly one/],
      ['a signature of a text', text, /no signature of a file/],
      [
        'a damaged signature',
        '-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n',
        /cannot be read|exactly one/,
      ],
    ] as const) {
      const before = await site.db.query(`select from files where type = 'BUNDLE'`);
      const job = await importBundle(site, content, signature, 'bad');
      t.match(job, { state: 'StoppedWithError', error: { code: 'bundle_signature_bad', text: says } }, what);
      t.equal((await site.db.query(`select from files where type = 'BUNDLE'`)).rowCount, before.rowCount);
    }
    const job = await importBundle(site, content, await gpg.sign(content, good), 'bad');
    t.match(job, { state: 'Complete' }, 'the newest signature of a name counts');
  });

  await t.test('without a signature, or a keyring', async (t) => {
    t.match(await importBundle(site, content, undefined, 'alone'), {
      error: { code: 'bundle_signature_missing', text: /no file alone\.asc/, recovery: /BUNDLESIG/ },
    });
    const without = await openSite(t);
    t.match(await importBundle(without, content, await gpg.sign(content, good)), {
      state: 'StoppedWithError',
      error: { code: 'bundle_keyring_missing', recovery: /Set BUNDLE_KEYRING/ },
    });
    for (const [path, says] of [
      [join(gpg.folder, 'nowhere'), /ENOENT/],
      [join(gpg.folder, 'bundle.zip'), /no armored public key/],
    ] as const) {
      const unusable = await openSite(t, { BUNDLE_KEYRING: path });
      const job = await importBundle(unusable, content, await gpg.sign(content, good));
      t.match(job, { error: { code: 'bundle_keyring_unusable', text: says } });
    }
    await writeFile(
      keyring,
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n',
    );
    const job = await importBundle(site, content, await gpg.sign(content, good));
    t.match(job, { error: { code: 'bundle_keyring_unusable', text: /damaged/ } });
  });
});
