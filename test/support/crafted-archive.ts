/**
 * Archives that nobody's exporter makes: right in every byte but for what a test changes. The reader must find it by
 * itself, since all checksums fit.
 */
import { createHash } from 'node:crypto';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { Header } from 'tar';
import { checksumsText, digestText } from '../../packages/archive/checksums.ts';
import { gzipHeader, gzipTrailer, storedBlocks } from '../../packages/archive/deflate.ts';
import { memberHeader, padding, tarEnd } from '../../packages/archive/tar-header.ts';

export interface CraftedMember {
  readonly path: string;
  readonly content: Buffer;
  /** Another kind of entry, such as a link: its type flag. */
  readonly flag?: string;
}

/** Packs members as they are, in this order, and adds the digest an archive carries of itself. */
export function craft(members: readonly CraftedMember[]): Buffer {
  const parts: Buffer[] = [];
  for (const { path, content, flag } of members) {
    const header = memberHeader(path, content.length);
    parts.push(flag === undefined ? header : withFlag(header, flag), content, padding(content.length));
  }
  const raw = Buffer.concat(parts);
  // Any deflate stream is an archive's; this one is cut at a byte by a sync flush.
  const body = Buffer.concat([gzipHeader, deflateRawSync(raw, { finishFlush: 2 })]);
  const text = Buffer.from(digestText(createHash('sha256').update(body).digest('hex'), body.length));
  const tail = Buffer.concat([
    memberHeader('profile/archive.sha256', text.length),
    text,
    padding(text.length),
    tarEnd,
  ]);
  const whole = Buffer.concat([raw, tail]);
  return Buffer.concat([body, ...storedBlocks(tail, true), gzipTrailer(crc32(whole), whole.length)]);
}

function withFlag(header: Buffer, flag: string): Buffer {
  const block = Buffer.from(header);
  const last = block.length - 512;
  block.write(flag, last + 156, 'latin1');
  block.fill(' ', last + 148, last + 156);
  const sum = block.subarray(last).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, last + 148, 'latin1');
  return block;
}

/** The members of an archive but for the digest of itself. */
export function membersOf(archive: Buffer): CraftedMember[] {
  const tar = inflateRawSync(archive.subarray(gzipHeader.length, -8));
  const members: CraftedMember[] = [];
  let longPath: string | undefined;
  for (let at = 0; at < tar.length && tar[at] !== 0; ) {
    const header = new Header(tar, at);
    const size = header.size ?? 0;
    const content = tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    if (header.type === 'ExtendedHeader') longPath = /path=([^\n]*)\n/.exec(content.toString())?.[1];
    else if (header.type === 'File') {
      members.push({ path: longPath ?? header.path ?? '', content });
      longPath = undefined;
    }
  }
  return members.slice(0, -1);
}

type Json = Record<string, unknown>;
type FileEntry = Json & { path: string; sha256: string };

/**
 * The archive with its metadata changed: `change` gets it as an object and may change it in place. Members follow the
 * files, whose content is found by its digest, and the checksums follow both.
 */
export function remake(archive: Buffer, change: (metadata: Json & { files: FileEntry[] }) => void): Buffer {
  const members = membersOf(archive);
  const contents = new Map(
    members.map(({ content }) => [createHash('sha256').update(content).digest('hex'), content]),
  );
  const metadata = JSON.parse(String(members[0]?.content)) as Json & { files: FileEntry[] };
  change(metadata);
  const text = Buffer.from(`${JSON.stringify(metadata, null, 2)}\n`);
  const paths = new Set<string>();
  const files = metadata.files
    .filter(({ path }) => !paths.has(path) && paths.add(path))
    .map(({ path, sha256 }) => ({ path, sha256, content: contents.get(sha256) ?? Buffer.alloc(0) }));
  const own = { path: 'profile/metadata.json', sha256: createHash('sha256').update(text).digest('hex') };
  const checksums = Buffer.from(checksumsText([own, ...files]));
  return craft([
    { path: own.path, content: text },
    ...files,
    { path: 'profile/checksums.sha256', content: checksums },
  ]);
}
