export { type CollectOptions, collectGarbage, collectUnused, sweepOrphans } from './garbage.ts';
export { readContent } from './read.ts';
export { ENCODER, packSegment, segmentBytes } from './segment.ts';
export type { ContentStream, Source } from './source.ts';
export { freeBytes, syncFolder } from './space.ts';
export { addContent, addKnownContent, type BlobStore, discard, loadBlobs, openStore } from './store.ts';
export type { Blob, Segment } from './types.ts';
export { blobPath, type WriteOptions, writeBlob } from './write.ts';
