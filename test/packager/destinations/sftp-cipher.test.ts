// Where ssh2 keeps its session keys may move with its next version; then uploads get slower and nothing else tells.
import '../../support/no-native-cipher.ts';
import { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { type Algorithms, Client } from 'ssh2';
import t from 'tap';
import { keepKeysAsObjects } from '../../../services/packager/sftp/key-objects.ts';
import { startSshd } from '../../support/sshd.ts';

const ciphers = ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes128-ctr'] as const;

t.test('without the native cipher no session key stays in bytes', async (t) => {
  const server = await startSshd(t);
  if (server === undefined) return;
  for (const cipher of ciphers) {
    const client = new Client();
    keepKeysAsObjects(client);
    const { username, password, port } = server;
    const algorithms = { cipher: [cipher] } as Algorithms;
    client.connect({ host: '127.0.0.1', port, username, password, algorithms });
    await once(client, 'ready');
    const { _cipher, _decipher } = (client as unknown as { _protocol: Record<string, object> })._protocol;
    for (const [name, coder] of Object.entries({ _cipher, _decipher })) {
      const keys = Object.entries(coder ?? {}).filter(([field]) => /key/i.test(field));
      t.ok(
        keys.every(([, key]) => key === undefined || key instanceof KeyObject),
        `${cipher}: ${name}`,
      );
      t.ok(cipher !== ciphers[0] || keys.length > 0, `${cipher}: ${name} has a key`);
    }
    client.end();
    await once(client, 'close');
  }
});
