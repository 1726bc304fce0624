export { type ConnectOptions, connectSocket } from './connect.ts';
export { isLoopback } from './loopback.ts';
export { type ResolveOptions, resolveTarget, type Target } from './resolve.ts';
export { normaliseTargetPath } from './target-path.ts';
