// Who the server is and who we are: host keys are pinned and compared, the password goes to nobody else.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Problem } from '@osimage/errors';
import ssh2 from 'ssh2';
import t, { type Test } from 'tap';
import { newHostKey } from '../../../samples/host-key.ts';
import { type SftpServer, startBuiltInServer } from '../../../samples/sftp-server.ts';
import { deliverTo } from '../../../services/packager/destinations/index.ts';
import { deliveryTo, problemOf, profileOf, someBytes } from '../../support/delivery.ts';
import { startSshd } from '../../support/sshd.ts';
import { needTool } from '../../support/tools.ts';

const deliver = deliverTo('SFTP');
const content = someBytes(1234);
const otherKey = newHostKey().public;
const ecdsaKey = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).public;

async function builtIn(t: Test, faults = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-login-'));
  const server = await startBuiltInServer({ folder, faults });
  t.teardown(async () => {
    await server.stop();
    await rm(server.folder, { recursive: true });
  });
  return server;
}

/** The same against OpenSSH and our own server. */
async function hostKeys(t: Test, server: SftpServer) {
  await t.test('the first key seen is pinned, before the password is sent', async (t) => {
    const pinned: string[] = [];
    const delivery = deliveryTo(profileOf(server, { hostKeys: [] }), content, 'first-use', {
      pinHostKey: async (key) => {
        pinned.push(key);
        return [key];
      },
    });
    await deliver(delivery);
    t.strictSame(pinned, [server.hostKey], 'asked once, for the right key');
  });

  await t.test('another attempt pinned another key first', async (t) => {
    const delivery = deliveryTo(profileOf(server, { hostKeys: [] }), content, 'race', {
      pinHostKey: async () => [otherKey],
    });
    t.equal((await problemOf(deliver(delivery))).code, 'host_key_changed');
  });

  await t.test('pinning is not allowed', async (t) => {
    const delivery = deliveryTo(profileOf(server, { hostKeys: [] }), content, 'refused', {
      pinHostKey: async () => {
        throw new Problem('host_key_unknown', { address: server.address });
      },
    });
    t.equal((await problemOf(deliver(delivery))).code, 'host_key_unknown');
  });

  await t.test('one of several pinned keys, of several kinds, with a comment', async () => {
    const hostKeys = [ecdsaKey, otherKey, `${server.hostKey} server 101`];
    await deliver(deliveryTo(profileOf(server, { hostKeys }), content, 'several'));
  });

  await t.test('a changed key', async (t) => {
    for (const pin of [otherKey, ecdsaKey, 'nonsense', '']) {
      const problem = await problemOf(
        deliver(deliveryTo(profileOf(server, { hostKeys: [pin] }), content, 'changed')),
      );
      t.equal(problem.code, 'host_key_changed');
      t.notOk(problem.transient);
      if (pin !== otherKey) continue;
      t.match(problem.message, await fingerprintOf(t, pin), 'the pinned one');
      t.match(problem.message, await fingerprintOf(t, server.hostKey), 'the one shown');
    }
  });

  await t.test('a wrong password, a wrong user', async (t) => {
    for (const wrong of [{ password: 'wrong' }, { username: 'nobody-here' }, { password: '' }]) {
      const problem = await problemOf(deliver(deliveryTo(profileOf(server, wrong), content, 'wrong')));
      t.equal(problem.code, 'login_refused');
      t.notOk(problem.transient);
      t.notMatch(JSON.stringify(problem), server.password);
    }
  });

  t.strictSame(
    (await readdir(server.folder)).sort(),
    ['first-use', 'first-use.sha256', 'several', 'several.sha256'],
    'and nothing else came through',
  );
}

/** As ssh-keygen prints it; nothing to compare with where it is missing. */
async function fingerprintOf(t: Test, key: string): Promise<RegExp> {
  const program = needTool(t, 'ssh-keygen');
  if (program === undefined) return /SHA256:/;
  const folder = t.testdir({});
  const path = join(folder, 'key.pub');
  await writeFile(path, `${key}\n`);
  const { stdout } = await promisify(execFile)(program, ['-l', '-f', path]);
  const found = /SHA256:\S+/.exec(stdout)?.[0] ?? 'no fingerprint';
  return new RegExp(found.replace(/[+/]/g, '\\$&'));
}

t.test('OpenSSH', async (t) => {
  const server = await startSshd(t);
  if (server !== undefined) await hostKeys(t, server);
});

t.test('our own server', async (t) => hostKeys(t, await builtIn(t)));

t.test('the password is not offered before the key is known to be right', async (t) => {
  const server = await builtIn(t);
  const changed = deliveryTo(profileOf(server, { hostKeys: [otherKey] }), content, 'f');
  t.equal((await problemOf(deliver(changed))).code, 'host_key_changed');
  const raced = deliveryTo(profileOf(server, { hostKeys: [] }), content, 'f', {
    pinHostKey: async () => [otherKey],
  });
  t.equal((await problemOf(deliver(raced))).code, 'host_key_changed');
  t.equal(server.logins, 0);
});

t.test('a wrong password is tried once', async (t) => {
  const server = await builtIn(t);
  await t.rejects(deliver(deliveryTo(profileOf(server, { password: 'wrong' }), content, 'f')));
  t.equal(server.logins, 1);
});

t.test('a server that asks for the password by prompt', async (t) => {
  const server = await builtIn(t, { promptOnly: true });
  await deliver(deliveryTo(profileOf(server), content, 'f'));
  t.ok((await readFile(join(server.folder, 'f'))).equals(content));
  const problem = await problemOf(
    deliver(deliveryTo(profileOf(server, { password: 'wrong' }), content, 'g')),
  );
  t.equal(problem.code, 'login_refused');
});

t.test('only modern algorithms', async (t) => {
  const { private: key } = newHostKey();
  const offers: [string, ssh2.Algorithms][] = [
    ['cipher', { cipher: ['aes256-cbc'] }],
    ['MAC', { cipher: ['aes256-ctr'], hmac: ['hmac-sha1'] }],
    ['key exchange', { kex: ['diffie-hellman-group14-sha1'] }],
  ];
  for (const [what, algorithms] of offers) {
    const old = new ssh2.Server({ hostKeys: [key], algorithms });
    old.on('connection', (client: ssh2.Connection) => client.on('error', () => undefined));
    await new Promise<void>((resolve) => void old.listen(0, '127.0.0.1', resolve));
    const { port } = old.address() as { port: number };
    const server = await builtIn(t);
    const problem = await problemOf(
      deliver(deliveryTo(profileOf(server, { port, hostKeys: [] }), content, 'f')),
    );
    t.match(problem, { code: 'no_safe_algorithm', transient: false }, what);
    await new Promise((resolve) => void old.close(resolve));
  }
});
