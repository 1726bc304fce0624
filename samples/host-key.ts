/** A host key for a server made with ssh2. */
import ssh2 from 'ssh2';

/**
 * A new Ed25519 key pair in OpenSSH form. In one of 256 that ssh2 1.17 makes, the zero a public key begins with is
 * missing: nobody can read it, and ssh2 not the private half with it either, so one that it can read is looked for.
 */
export function newHostKey(): { private: string; public: string } {
  for (;;) {
    const keys = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(keys.private) instanceof Error)) return keys;
  }
}
