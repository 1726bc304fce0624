export { type AddressRules, addressRules } from './addresses.ts';
export { type ConnectOptions, connectSocket } from './connect.ts';
export { fingerprint, revokedKeys, trustedKeys } from './host-keys.ts';
export { findKnownKeys, readGivenKeys } from './known-hosts.ts';
export { isLoopback } from './loopback.ts';
export { checkAddress, type ResolveOptions, resolveTarget, type Target } from './resolve.ts';
export { oldAlgorithmNames, oldAlgorithms } from './ssh-algorithms.ts';
export { normaliseTargetPath } from './target-path.ts';
export { startTls, tlsOptions, tlsProblem } from './tls.ts';
