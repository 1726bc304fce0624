/** A host key for a server made with ssh2. */
import ssh2 from 'ssh2';

/**
 * A new Ed25519 key pair in OpenSSH form. Of those that ssh2 1.17 makes, it cannot read one in two hundred itself
 * (private half that begins with a zero), so one that it can is looked for.
 */
export function newHostKey(): { private: string; public: string } {
  for (;;) {
    const keys = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(keys.private) instanceof Error)) return keys;
  }
}
