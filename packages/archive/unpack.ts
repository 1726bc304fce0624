/** What comes out of a .tar.gz, one thing after another, at the pace of whoever takes it. */
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Problem } from '@osimage/errors';
import { damaged } from './expected-members.ts';
import { TarReader } from './tar-reader.ts';

export type Unpacked =
  | { readonly kind: 'begin'; readonly path: string; readonly size: number }
  | { readonly kind: 'content'; readonly bytes: Buffer }
  | { readonly kind: 'end' };

/**
 * Unpacks the bytes of an archive. Memory stays at a few hundred KiB, whatever they swell to. Throws Problem
 * archive_damaged, the signal's reason, or what the source throws; end the generator to stop early.
 */
export async function* unpack(
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Unpacked, void, void> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  // Failures come out of the loop below.
  pipeline(source, gunzip, () => {});
  let events: Unpacked[] = [];
  const tar = new TarReader({
    begin: (path, size) => void events.push({ kind: 'begin', path, size }),
    content: (bytes) => void events.push({ kind: 'content', bytes }),
    end: () => void events.push({ kind: 'end' }),
  });
  try {
    for await (const chunk of gunzip) {
      signal?.throwIfAborted();
      try {
        tar.write(chunk as Buffer);
      } finally {
        // What came before a damage comes out before it.
        yield* events;
        events = [];
      }
    }
  } catch (error) {
    if (error instanceof Problem || !isFromZlib(error)) throw error;
    throw damaged('the gzip stream', 'cannot be unpacked', error);
  } finally {
    gunzip.destroy();
  }
}

function isFromZlib(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('Z_');
}
