/** Session keys of ssh2 in the form Node takes without ado. */
import { createSecretKey } from 'node:crypto';
import type { Client } from 'ssh2';

/** Where ssh2 1.17 keeps them, whatever the cipher: its lib/protocol/crypto.js. */
const names = [
  '_encKey',
  '_encKeyMain',
  '_encKeyPktLen',
  '_decipherKey',
  '_decKeyMain',
  '_decKeyPktLen',
  '_macKey',
];

/**
 * Replaces the bytes of session keys by key objects after each key exchange. ssh2 names the key with each packet of
 * 32 KiB, and for bytes Node 24 makes two errors with their stacks only to learn that they are no key object: a sixth of
 * the processor time of an upload. Where ssh2 keeps its keys elsewhere nothing is replaced, and all works as before.
 */
export function keepKeysAsObjects(client: Client): void {
  client.on('handshake', () => {
    const { _protocol } = client as unknown as { _protocol?: Partial<Record<string, object>> };
    for (const cipher of [_protocol?._cipher, _protocol?._decipher]) {
      if (cipher === undefined) continue;
      for (const name of names) {
        const key: unknown = Reflect.get(cipher, name);
        if (Buffer.isBuffer(key)) Reflect.set(cipher, name, createSecretKey(key));
      }
    }
  });
}
