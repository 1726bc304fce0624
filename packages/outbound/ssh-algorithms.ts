/**
 * Old SSH algorithms that a server profile may allow by name, for that server alone. What is broken outright stays
 * out: DSA, MD5, RC4, 1024-bit groups, and 3DES, whose blocks repeat within the size of an archive (Sweet32).
 */
export const oldAlgorithms = {
  kex: ['diffie-hellman-group14-sha1', 'diffie-hellman-group-exchange-sha1'],
  // Signatures with SHA-1: of the server, and of our own RSA key.
  serverHostKey: ['ssh-rsa'],
  cipher: ['aes128-cbc', 'aes192-cbc', 'aes256-cbc'],
  hmac: ['hmac-sha1-etm@openssh.com', 'hmac-sha1'],
} as const;

export const oldAlgorithmNames: readonly string[] = Object.values(oldAlgorithms).flat();
