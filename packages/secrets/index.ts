export { keyIdsIn, keysText, placeKeys } from './backup.ts';
export {
  type Certificate,
  checkCertificate,
  expiresSoon,
  type NamedFile,
  readAuthorities,
  readCertificate,
} from './certificate.ts';
export { type Kept, keepFresh } from './keep-fresh.ts';
export { type KeyRing, loadSecretKey } from './key.ts';
export { addKey, dropKeys } from './rotate.ts';
export { keyIdOf, open, seal } from './seal.ts';
