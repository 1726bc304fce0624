// Signing in with a key pair: real OpenSSH with each type, and servers that refuse, want more or know SHA-1 only.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '@osimage/errors';
import { fingerprint } from '@osimage/outbound';
import ssh2 from 'ssh2';
import t, { type Test } from 'tap';
import { newHostKey } from '../../../samples/host-key.ts';
import { keyTypes, makeKeyPair } from '../../../services/gateway/servers/ssh-key-pair.ts';
import { deliverTo } from '../../../services/packager/destinations/index.ts';
import { defaultOptions, type ServerProfile } from '../../../services/packager/server-profile.ts';
import { signIn } from '../../../services/packager/sftp/login.ts';
import { onlyHere } from '../../support/addresses.ts';
import { deliveryTo, problemOf, profileOf, someBytes } from '../../support/delivery.ts';
import { startSshd } from '../../support/sshd.ts';

const deliver = deliverTo('SFTP');
const content = someBytes(1234);

t.test('OpenSSH lets each type of key in', async (t) => {
  const server = await startSshd(t);
  if (server?.authorizedKeys === undefined) {
    t.pass('sshd needs root', { skip: 'sshd with accounts of its own needs root' });
    return;
  }
  const file = server.authorizedKeys;
  for (const type of keyTypes) {
    await t.test(type, async (t) => {
      const pair = await makeKeyPair(type);
      const profile = profileOf(server, { password: '', privateKey: pair.privateKey });
      await writeFile(file, '');
      const problem = await problemOf(deliver(deliveryTo(profile, content, 'refused')));
      t.match(problem, { code: 'key_refused', transient: false });
      t.match(problem.message, fingerprint(pair.publicKey));
      await writeFile(file, `${pair.publicKey} a comment\n`);
      await deliver(deliveryTo(profile, content, type));
      t.ok((await readFile(join(server.folder, type))).equals(content));
    });
  }
  await t.test('a refused key, then the password', async (t) => {
    await writeFile(file, '');
    const { privateKey } = await makeKeyPair('ECDSA-521-secp521r1');
    await deliver(deliveryTo(profileOf(server, { privateKey }), content, 'by-password'));
    t.ok((await readdir(server.folder)).includes('by-password'));
    const wrong = profileOf(server, { privateKey, password: 'wrong' });
    t.equal((await problemOf(deliver(deliveryTo(wrong, content, 'x')))).code, 'login_refused');
  });
});

/** A server whose logins are decided by `authenticate`; gives its profile and the methods it was offered. */
async function startDeciding(
  t: Test,
  authenticate: (context: ssh2.AuthContext) => void,
): Promise<{ profile: Omit<ServerProfile, 'privateKey'>; offered: string[] }> {
  const host = newHostKey();
  const offered: string[] = [];
  const server = new ssh2.Server({ hostKeys: [host.private] });
  server.on('connection', (client: ssh2.Connection) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      offered.push(
        context.method === 'publickey'
          ? `${context.method} ${context.signature ? 'signed' : 'asked'}`
          : context.method,
      );
      authenticate(context);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => new Promise((resolve) => void server.close(resolve)));
  const { port } = server.address() as { port: number };
  const hostKeys = [host.public.split(' ').slice(0, 2).join(' ')];
  const profile = {
    id: '1',
    address: '127.0.0.1',
    port,
    protocol: 'SFTP',
    username: 'u',
    password: '',
  } as const;
  return { profile: { ...profile, defaultPath: '', hostKeys, options: defaultOptions }, offered };
}

t.test('a server that wants key and password gets both, the key first', async (t) => {
  const { profile, offered } = await startDeciding(t, (context) => {
    if (context.method === 'publickey' && context.signature) context.reject(['password'], true);
    else if (context.method === 'publickey') context.accept();
    else context.reject(['password']);
  });
  const { privateKey } = await makeKeyPair('ECDSA-521-secp521r1');
  const both = { ...profile, privateKey, password: 'secret' };
  const problem = await problemOf(deliver(deliveryTo(both, content, 'f', { addresses: onlyHere })));
  t.equal(problem.code, 'login_refused');
  t.strictSame(offered, ['publickey asked', 'publickey signed', 'password']);
});

t.test('a key that cannot be read says whose it is', async (t) => {
  const { profile, offered } = await startDeciding(t, (context) => context.reject());
  const broken = { ...profile, privateKey: 'nonsense' };
  const problem = await problemOf(deliver(deliveryTo(broken, content, 'f', { addresses: onlyHere })));
  t.equal(problem.code, 'secret_unreadable');
  t.strictSame(offered, []);
});

t.test(
  'an RSA key signs with no SHA-1, which is what is left where a server names nothing better',
  async (t) => {
    const { privateKey } = await makeKeyPair('RSA-2048');
    const problems: Problem[] = [];
    const rest = { id: '1', address: 'x', port: 22, protocol: 'SFTP', username: 'u', password: '' } as const;
    const login = signIn(
      { ...rest, privateKey, defaultPath: '', hostKeys: [], options: defaultOptions },
      (problem) => problems.push(problem),
    );
    const method = login.next(null, false);
    if (method?.type !== 'publickey') throw new Error('the key comes first');
    const key = method.key as ssh2.ParsedKey;
    for (const hash of ['sha256', 'sha512']) t.type(key.sign(Buffer.from('x'), hash), Buffer, hash);
    t.strictSame(problems, []);
    t.type(key.sign(Buffer.from('x'), 'sha1'), Error);
    t.type(key.sign(Buffer.from('x')), Error, 'the hash of ssh-rsa is SHA-1');
    t.match(problems, [{ code: 'no_safe_algorithm' }, { code: 'no_safe_algorithm' }]);
  },
);
