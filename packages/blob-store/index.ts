export { type CollectOptions, collectGarbage, sweepOrphans } from './garbage.ts';
export { ENCODER, packSegment, segmentBytes } from './segment.ts';
export type { Source } from './source.ts';
export { freeBytes, syncFolder } from './space.ts';
export { addContent, type BlobStore, discard, loadBlobs, openStore } from './store.ts';
export type { Blob, Segment } from './types.ts';
export { blobPath, type WriteOptions, writeBlob } from './write.ts';
