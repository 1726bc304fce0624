/**
 * Moves pieces of a file to a client: while one is being written, the next is read and checked. What that costs is
 * in docs/store.md.
 */
import type { ServerResponse } from 'node:http';

/** Gives the next bytes, undefined at the end; they stay as they are until the call after the next. */
export interface Pieces {
  read(): Promise<Buffer | undefined>;
}

/**
 * Writes `first` and what `pieces` gives after it, tells `onSent` of each piece, and ends the response. Gives false when the client went away,
 * which stops the reading. Throws what reading throws; the response is then cut off, so that nobody takes the part
 * for the whole.
 */
export async function writeFile(
  response: ServerResponse,
  first: Buffer | undefined,
  pieces: Pieces,
  onSent: (bytes: number) => void,
): Promise<boolean> {
  let closed = response.destroyed;
  let written = () => {};
  const onClose = () => {
    closed = true;
    written();
  };
  response.once('close', onClose);
  try {
    for (let piece = first; piece && !closed; ) {
      const bytes = piece;
      const writing = new Promise<void>((resolve) => {
        // On a connection that breaks the callback may never come; `close` does.
        written = resolve;
        response.write(bytes, () => resolve());
      });
      piece = await pieces.read();
      await writing;
      if (!closed) onSent(bytes.length);
    }
    if (!closed) response.end();
    return !closed;
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    response.off('close', onClose);
  }
}
