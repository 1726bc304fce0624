export { type KeyRing, loadSecretKey } from './key.ts';
export { open, seal } from './seal.ts';
