export { removeArchiveFile } from './archive-files.ts';
export { type Cleaned, cleanStore, findGarbage } from './clean.ts';
export { findDamage } from './damage.ts';
export { type CollectOptions, collectGarbage, collectUnused, type Freed, findOrphans } from './garbage.ts';
export { bytesOf } from './job-files.ts';
export { type StoreLimits, storeLimits } from './limits.ts';
export { readContent } from './read.ts';
export { applyRetention, whyExpired } from './retention.ts';
export {
  claimRoom,
  diskFull,
  importClaim,
  nextLength,
  requireRoom,
  requireRoomFor,
  type SpaceUsage,
  spaceUsage,
  withReclaimable,
} from './room.ts';
export { ENCODER, packSegment, segmentBytes } from './segment.ts';
export { decodeSegments } from './segment-index.ts';
export type { ContentStream, Source } from './source.ts';
export { freeBytes, noSpace, packedAtMost, syncFolder } from './space.ts';
export { addContent, addKnownContent, discard, loadBlobs, loadPinnedBlobs, openStore } from './store.ts';
export type { Blob, BlobStore, Segment } from './types.ts';
export { blobPath, type WriteOptions, writeBlob } from './write.ts';
