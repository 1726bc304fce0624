export { type AddressRules, addressRules } from './addresses.ts';
export { type ConnectOptions, connectSocket } from './connect.ts';
export { isLoopback } from './loopback.ts';
export { checkAddress, type ResolveOptions, resolveTarget, type Target } from './resolve.ts';
export { normaliseTargetPath } from './target-path.ts';
export { startTls, tlsOptions, tlsProblem } from './tls.ts';
