/** A profile as one seekable .tar.gz: plan it, read a range of it, write it, check one. */
export { archiveSize } from './archive-size.ts';
export { CheckedFile } from './checked-file.ts';
export { encodeChunks } from './chunk-index.ts';
export { type FileKind, isFileKind, memberPath } from './layout.ts';
export {
  type ArchiveFile,
  archiveFiles,
  type BaseImage,
  buildMetadata,
  type CustomizationOptions,
  type Metadata,
  type ProfileFile,
  type ProfileSnapshot,
  type SourceProfile,
} from './metadata.ts';
export { openArchive } from './open.ts';
export { parseMetadata } from './parse-metadata.ts';

export { type MemberContent, readMembers } from './read-members.ts';
export { identifyArchive, readMetadata } from './read-metadata.ts';
export type { Archive, ArchiveMember, ArchiveRequest } from './types.ts';
export { type VerifyOptions, type VerifyReport, verifyArchive } from './verify.ts';
export { type WriteOptions, type WrittenArchive, writeArchive } from './write.ts';
