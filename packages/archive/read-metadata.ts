/** The metadata of an archive without the rest of it: it is the first member. */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { damaged } from './expected-members.ts';
import { metadataLimit, metadataPath } from './layout.ts';
import { parseMetadata } from './parse-metadata.ts';
import { type TarHandler, TarReader } from './tar-reader.ts';

/**
 * Gives the text of profile/metadata.json of the archive at `path`, checked for its form; the rest of the archive is
 * neither read nor checked. Throws Problem archive_damaged, the signal's reason, or what reading throws.
 */
export async function readMetadata(path: string, signal?: AbortSignal): Promise<string> {
  const member = new FirstMember();
  const tar = new TarReader(member);
  const file = createReadStream(path, { ...(signal && { signal }) });
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of file.pipe(gunzip)) {
      tar.write(chunk);
      // Leaving the loop ends gunzip.
      if (member.complete) break;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (isZlibError(error)) throw damaged(metadataPath, 'cannot be unpacked', error);
    throw error;
  } finally {
    file.destroy();
  }
  if (!member.complete) throw damaged(metadataPath, 'is cut off');
  const text = Buffer.concat(member.parts).toString();
  parseMetadata(text);
  return text;
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^Z_|^ERR_ZLIB/.test(String(error.code));
}

/** Keeps the first member and lets pass whatever of the next ones came in the same chunk. */
class FirstMember implements TarHandler {
  readonly parts: Buffer[] = [];
  complete = false;

  begin(path: string, size: number): void {
    if (this.complete) return;
    if (path !== metadataPath) throw damaged(metadataPath, 'is not the first member');
    if (size > metadataLimit) throw damaged(path, 'is too large');
  }

  content(bytes: Buffer): void {
    if (!this.complete) this.parts.push(Buffer.from(bytes));
  }

  end(): void {
    this.complete = true;
  }
}
