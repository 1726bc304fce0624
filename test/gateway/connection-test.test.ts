// The test of a connection, over REST and a real packager, against OpenSSH and other real servers.
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprint } from '@osimage/outbound';
import t, { type Test } from 'tap';
import { newHostKey } from '../../samples/host-key.ts';
import type { SftpServer } from '../../samples/sftp-server.ts';
import { createAuthority, loopbackNames } from '../support/certificates.ts';
import type { TestGateway } from '../support/gateway.ts';
import { startProftpd } from '../support/proftpd.ts';
import { startSshd } from '../support/sshd.ts';
import { withPackager } from '../support/with-packager.ts';

const path = '/osImages/remoteFileServers';
const right = { address: 'right', hostKey: 'right', login: 'right', folder: 'right', space: 'right' };

interface Check {
  readonly subject: string;
  readonly outcome: string;
  readonly text: string;
  readonly code: string;
}

function clientOf({ app, headers }: TestGateway) {
  const call = async (method: 'POST' | 'PUT' | 'GET', url: string, payload?: object) => {
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) });
    if (answer.statusCode !== 200) throw new Error(answer.body);
    return answer.json();
  };
  return {
    add: async (
      server: Partial<Pick<SftpServer, 'address' | 'port' | 'username'>>,
      rest: object = {},
    ): Promise<{ serverId: string } & Record<string, string>> => {
      const { address, port, username } = server;
      return await call('POST', path, {
        displayName: 'there',
        protocol: 'SFTP',
        address,
        port,
        username,
        ...rest,
      });
    },
    change: async (id: string, change: object) => await call('PUT', `${path}/${id}`, change),
    show: async (id: string) => await call('GET', `${path}/${id}`),
    /** Outcomes by subject, and what is wrong. */
    test: async (id: string) => {
      const { checks, passed, keyPromoted } = await call('POST', `${path}/${id}/test`);
      const wrong = (checks as Check[]).filter(({ outcome }) => outcome === 'wrong');
      const outcomes = Object.fromEntries(
        (checks as Check[]).map(({ subject, outcome }) => [subject, outcome]),
      );
      return {
        passed,
        keyPromoted,
        outcomes,
        codes: wrong.map(({ code }) => code),
        text: wrong.map(({ text }) => text).join(' '),
      };
    },
  };
}

async function openSsh(t: Test, settings: readonly string[] = []) {
  const server = await startSshd(t, undefined, settings);
  if (server?.authorizedKeys !== undefined) return { ...server, authorizedKeys: server.authorizedKeys };
  t.pass('sshd needs root', { skip: 'sshd with accounts of its own needs root' });
  return undefined;
}

t.test('a new key replaces the present one when OpenSSH has let it in, for each type', async (t) => {
  const server = await openSsh(t);
  if (!server) return;
  const gateway = await withPackager(t);
  const { add, change, show, test } = clientOf(gateway);
  for (const keyType of ['RSA-2048', 'RSA-4096', 'ECDSA-521-secp521r1']) {
    await t.test(keyType, async (t) => {
      await gateway.db.query('delete from servers');
      await writeFile(server.authorizedKeys, '');
      const asked = { keyType, keyPassphrase: 'not kept', keyComment: `exports with ${keyType}` };
      const { serverId: id, serverPublicKey: first = '' } = await add(server, asked);
      t.match(first, / exports with /);
      t.match(await test(id), {
        passed: false,
        codes: ['key_refused'],
        outcomes: { address: 'right', hostKey: 'right', login: 'wrong', folder: 'unknown' },
      });
      await writeFile(server.authorizedKeys, `${first}\n`);
      t.match(await test(id), { passed: true, keyPromoted: false, outcomes: right });
      t.strictSame((await show(id)).hostKeys, [server.hostKey], 'pinned on first use');

      const { serverPublicKey: second } = await change(id, { newKeyPair: true });
      t.not(second, first);
      const early = await test(id);
      t.match(early, {
        passed: false,
        keyPromoted: false,
        codes: ['key_refused'],
        outcomes: { ...right, pendingKey: 'wrong' },
      });
      t.match(early.text, fingerprint(second));
      t.equal((await show(id)).serverPublicKey, first, 'jobs go on with the present one');
      await appendFile(server.authorizedKeys, `${second}\n`);
      t.match(await test(id), {
        passed: true,
        keyPromoted: true,
        outcomes: { ...right, pendingKey: 'right' },
      });
      t.match(await show(id), { serverPublicKey: second, pendingKeyType: '' });
      await writeFile(server.authorizedKeys, `${second}\n`);
      t.match(await test(id), { passed: true, keyPromoted: false, outcomes: right });
    });
  }
  const { rows } = await gateway.db.query("select detail from audit where action = 'server.promote-key'");
  t.equal(rows.length, 3);
  t.match(rows[0], { detail: /^key pair in use: SHA256:\S+ instead of SHA256:/ });
});

t.test('a password, a host key, a folder and an address that are wrong', async (t) => {
  const server = await openSsh(t);
  if (!server) return;
  const gateway = await withPackager(t);
  const { add, change, test } = clientOf(gateway);
  const { serverId: id } = await add(server, { password: 'wrong' });
  t.match(await test(id), {
    passed: false,
    codes: ['login_refused'],
    outcomes: { hostKey: 'right', login: 'wrong' },
  });
  await change(id, { password: server.password });
  t.match(await test(id), { passed: true, outcomes: right }, 'a change of only the password');

  const other = newHostKey().public.split(' ').slice(0, 2).join(' ');
  await change(id, { hostKeys: [other] });
  const changed = await test(id);
  t.match(changed, {
    passed: false,
    codes: ['host_key_changed'],
    outcomes: { address: 'right', hostKey: 'wrong', login: 'unknown' },
  });
  t.match(changed.text, fingerprint(other));
  t.match(changed.text, fingerprint(server.hostKey));
  await change(id, { hostKeys: [`@revoked ${server.hostKey}`] });
  t.match(await test(id), { codes: ['host_key_revoked'] });
  await change(id, { hostKeys: [server.hostKey] });

  await writeFile(join(server.folder, 'a-file'), '');
  await change(id, { defaultPath: join(server.folder, 'a-file') });
  t.match(await test(id), {
    codes: ['remote_not_a_folder'],
    outcomes: { login: 'right', folder: 'wrong', space: 'unknown' },
  });
  await change(id, { defaultPath: '/root/secret' });
  t.match(await test(id), { passed: false, outcomes: { login: 'right', folder: 'wrong' } });
  await change(id, { defaultPath: join(server.folder, 'later', 'on') });
  t.match(await test(id), { passed: true, outcomes: right }, 'a folder that is still to be made');
  await change(id, { port: 1, password: server.password });
  t.match(await test(id), {
    codes: ['host_unreachable'],
    outcomes: { address: 'wrong', hostKey: 'unknown' },
  });

  const reader = await gateway.addUser('reader', 'lxc-operator');
  const refused = await gateway.app.inject({ method: 'POST', url: `${path}/${id}/test`, headers: reader });
  t.equal(refused.statusCode, 403);
  const unknown = await gateway.app.inject({
    method: 'POST',
    url: `${path}/77/test`,
    headers: gateway.headers,
  });
  t.equal(unknown.statusCode, 404);
});

t.test('pins that cannot be read trust nobody', async (t) => {
  const server = await openSsh(t);
  if (!server) return;
  const folder = await mkdtemp(join(tmpdir(), 'osimage-known-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const known = join(folder, 'known_hosts');
  await writeFile(known, '');
  const { add, test } = clientOf(await withPackager(t, { KNOWN_HOSTS: known }));
  const { serverId: id } = await add(server, { password: server.password });
  await rm(known);
  t.match(await test(id), {
    codes: ['known_hosts_unreadable'],
    outcomes: { address: 'unknown', hostKey: 'wrong', login: 'unknown' },
  });
  await writeFile(known, `[${server.address}]:${server.port} ${server.hostKey}\n`);
  t.match(await test(id), { passed: true, outcomes: right });
});

t.test('an OpenSSH that has old algorithms only, which the profile allows by name or not', async (t) => {
  const server = await openSsh(t, ['KexAlgorithms diffie-hellman-group14-sha1']);
  if (!server) return;
  const { add, change, test } = clientOf(await withPackager(t));
  const { serverId: id } = await add(server, { password: server.password });
  const before = await test(id);
  t.match(before, { codes: ['no_safe_algorithm'], outcomes: { hostKey: 'wrong' } });
  t.match(before.text, /diffie-hellman-group14-sha1/);
  await change(id, { oldAlgorithms: ['diffie-hellman-group14-sha1'] });
  t.match(await test(id), { passed: true, outcomes: right });
});

t.test('HTTP tells whether it took the login, and neither who it is nor its space', async (t) => {
  const http = createServer((request, response) => {
    const known = request.headers.authorization === `Basic ${btoa('u:secret')}`;
    response.writeHead(known ? 200 : 401).end();
  });
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  t.teardown(() => new Promise((resolve) => void http.close(resolve)));
  const { port } = http.address() as AddressInfo;
  const { add, change, test } = clientOf(await withPackager(t));
  const { serverId: id } = await add(
    { address: '127.0.0.1', port, username: 'u' },
    { protocol: 'HTTP', password: 'no' },
  );
  t.match(await test(id), {
    codes: ['login_refused'],
    outcomes: { address: 'right', hostKey: 'unknown', login: 'wrong' },
  });
  await change(id, { password: 'secret' });
  t.match(await test(id), { passed: true, outcomes: { login: 'right', folder: 'right', space: 'unknown' } });
});

t.test('FTPS: a certificate that is not trusted, FTP: a login that is refused', async (t) => {
  const authority = await createAuthority(t);
  const server =
    authority &&
    (await startProftpd(t, {
      certificate: await authority.issue('good', '/CN=good', { names: loopbackNames }),
    }));
  const plain = server && (await startProftpd(t));
  if (!plain) return;
  const { add, change, test } = clientOf(await withPackager(t));
  const { serverId: id } = await add(server.profile, { protocol: 'FTPS', password: server.profile.password });
  t.match(await test(id), {
    codes: ['certificate_refused'],
    outcomes: { address: 'right', hostKey: 'wrong', login: 'unknown' },
  });
  const { port, password } = plain.profile;
  await change(id, { protocol: 'FTP', port, password: 'wrong' });
  t.match(await test(id), { codes: ['login_refused'], outcomes: { hostKey: 'unknown', login: 'wrong' } });
  await change(id, { password });
  t.match(await test(id), {
    passed: true,
    outcomes: { address: 'right', hostKey: 'unknown', login: 'right', folder: 'right', space: 'unknown' },
  });
  await change(id, { defaultPath: 'nowhere' });
  t.match(await test(id), { passed: false, outcomes: { login: 'right', folder: 'wrong' } });
});

t.test('an address that must not be connected to', async (t) => {
  const gateway = await withPackager(t);
  const { add, test } = clientOf(gateway);
  const { serverId: id } = await add({ address: '192.0.2.7', port: 22, username: 'u' }, { password: 'x' });
  // As a name that leads there would be found out, after the profile was saved.
  await gateway.db.query("update servers set address = '169.254.169.254'");
  t.match(await test(id), {
    codes: ['address_not_allowed'],
    outcomes: { address: 'wrong', hostKey: 'unknown' },
  });
});
