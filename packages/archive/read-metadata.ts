/** The metadata of an archive without the rest of it: it is the first member. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { Problem } from '@osimage/errors';
import { damaged } from './expected-members.ts';
import { metadataLimit, metadataPath } from './layout.ts';
import { archiveFormat, type Metadata } from './metadata.ts';
import { parseMetadata } from './parse-metadata.ts';
import { quoted } from './tar-reader.ts';
import { unpack } from './unpack.ts';

/**
 * Gives the text of profile/metadata.json of the archive at `path`, checked for its form; the rest of the archive is
 * neither read nor checked. Throws Problem archive_damaged, the signal's reason, or what reading throws.
 */
export async function readMetadata(path: string, signal?: AbortSignal): Promise<string> {
  try {
    const source = createReadStream(path, { ...(signal && { signal }) });
    const options = { mostBytes: metadataLimit, ...(signal && { signal }) };
    return (await identifyArchive(source, options)).text;
  } catch (error) {
    signal?.throwIfAborted();
    // It was written here, so what is not ours any more is damaged.
    if (error instanceof Problem && /^archive_(foreign|refused)$/.test(error.code))
      throw damaged(metadataPath, 'cannot be read', error);
    throw error;
  }
}

/**
 * Reads the first member of something that may be an archive of ours. Takes its bytes, and how many of them the
 * metadata may have. Throws Problem archive_foreign for a .tar.gz that is something else, archive_refused for larger
 * metadata, archive_damaged, the signal's reason, or what the source throws.
 */
export async function identifyArchive(
  source: AsyncIterable<Uint8Array>,
  { mostBytes, signal }: { mostBytes: number; signal?: AbortSignal },
): Promise<{ text: string; metadata: Metadata }> {
  let begun = false;
  const parts: Buffer[] = [];
  try {
    for await (const event of unpack(source, signal)) {
      if (event.kind === 'begin') {
        if (event.path !== metadataPath) throw foreign(`it begins with ${quoted(event.path)}`);
        if (event.size > mostBytes)
          throw new Problem('archive_refused', {
            detail: `its metadata has ${event.size} bytes, of at most ${mostBytes}`,
          });
        begun = true;
      } else if (event.kind === 'content') parts.push(event.bytes);
      else return parse(Buffer.concat(parts));
    }
  } catch (error) {
    // Not the tar of a plain file at its very beginning: it never was one of ours.
    if (!begun && error instanceof Problem && error.code === 'archive_damaged' && !error.params.member)
      throw foreign(String(error.params.detail), error);
    throw error;
  }
  throw begun ? damaged(metadataPath, 'is cut off') : foreign('it holds no file');
}

function parse(content: Buffer): { text: string; metadata: Metadata } {
  if (!isUtf8(content)) throw damaged(metadataPath, 'is not text in UTF-8');
  const text = content.toString();
  if (!text.startsWith(`{\n  "format": ${JSON.stringify(archiveFormat)},\n`))
    throw foreign(`its ${metadataPath} is of another kind`);
  return { text, metadata: parseMetadata(text) };
}

function foreign(detail: string, cause?: unknown): Problem {
  return new Problem('archive_foreign', { detail }, { cause });
}
