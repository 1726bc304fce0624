/** Whether the archive lies under its final name already. Only reading it back proves that. */
import { equalUntil, take } from '../compare.ts';
import type { Delivery } from '../destination.ts';
import { type Found, NotReadable, type RemoteStore } from './store.ts';

/** Whether it does; `found` is what lies there. Afterwards the archive knows its sha256. */
export async function isThisArchive(
  store: RemoteStore,
  { archive, onProgress, onStep, signal }: Delivery,
  path: string,
  found: Found | undefined,
): Promise<boolean> {
  if (found?.size !== archive.size || archive.size === 0) return false;
  onStep('comparing with the file that lies there');
  try {
    const equal = await equalUntil(archive.stream(signal), store.read(path, 0), onProgress);
    return equal === archive.size && archive.sha256 !== undefined;
  } catch (error) {
    // What cannot be read proves nothing.
    if (error instanceof NotReadable) return false;
    throw error;
  }
}

/** Whether the small file at `path`, of which `found` is known, holds just `line`. */
export async function holdsLine(
  store: RemoteStore,
  path: string,
  found: Found | undefined,
  line: Buffer,
): Promise<boolean> {
  if (found?.size !== line.length) return false;
  try {
    return (await take(store.read(path, 0), line.length)).equals(line);
  } catch (error) {
    if (error instanceof NotReadable) return false;
    throw error;
  }
}
