/** Sends a body over one stream, with no more of it in memory than the part that is on its way. */
import type { Writable } from 'node:stream';
import { Problem } from '@osimage/errors';
import type { Pace } from './pace.ts';

// Small enough that a slow link still moves one before it counts as silent; 128 KiB in 30 s is 4 KB/s.
const PART_BYTES = 128 * 1024;

export interface Body {
  /** Bytes, exactly. */
  readonly size: number;
  /** Chunks stay valid only until the next one is asked for. */
  chunks(): AsyncIterable<Buffer>;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  /** Bytes that were handed to the network so far. */
  readonly onSent: (bytes: number) => void;
  /** Called before the last bytes go: without them the server has nothing whole. */
  readonly beforeEnd?: (() => Promise<void>) | undefined;
}

/** The stream broke; what the server said about it may be known elsewhere. */
export class StreamBroken extends Error {
  override name = 'StreamBroken';

  constructor(cause: unknown) {
    super('the stream broke', { cause });
  }
}

/** What is sent failed, and not the stream it goes to; the cause is the failure. */
export class BodyFailed extends Error {
  override name = 'BodyFailed';

  constructor(cause: unknown) {
    super('what is sent failed', { cause });
  }
}

/** When nothing moves any more: after how long, and what is thrown then. */
export interface Silence {
  readonly ms: number;
  problem(): Problem;
}

/**
 * Writes everything and waits until it is handed to the network; does not end the stream. Throws StreamBroken, the
 * problem of the silence, or BodyFailed: with archive_damaged when there is less or more than promised, or with what the
 * chunks, the rate or `beforeEnd` throw.
 */
export async function sendBody(to: Writable, body: Body, silence: Silence): Promise<void> {
  const { pace, signal, size } = body;
  let sent = 0;
  try {
    for await (const chunk of body.chunks()) {
      if (sent + chunk.length > size) break;
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + Math.min(PART_BYTES, pace.part));
        if (sent + part.length === size) await body.beforeEnd?.();
        await pace.take(part.length, signal);
        await within(to, silence, (done) => to.write(part, done));
        at += part.length;
        sent += part.length;
        body.onSent(sent);
      }
    }
    if (sent !== size)
      throw new Problem('archive_damaged', { detail: `it does not have the ${size} bytes it should have` });
  } catch (error) {
    const ofStream = error instanceof StreamBroken || error instanceof Silent;
    if (!ofStream) throw new BodyFailed(error);
    throw error instanceof Silent ? error.cause : error;
  }
}

/** Ends the stream and waits until the end is handed to the network, too. Throws as sendBody does. */
export async function endStream(to: Writable, silence: Silence): Promise<void> {
  await within(to, silence, (done) => to.once('error', done).end(done)).catch((error: unknown) => {
    throw error instanceof Silent ? error.cause : error;
  });
}

class Silent extends Error {}

function within(
  to: Writable,
  silence: Silence,
  step: (done: (error?: Error | null) => void) => unknown,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      clearTimeout(timer);
      to.off('close', onClose);
      if (error) reject(error);
      else resolve();
    };
    const timer = setTimeout(() => settle(new Silent('', { cause: silence.problem() })), silence.ms);
    // An HTTP request whose connection is gone forgets the writes that wait.
    const onClose = () => settle(new StreamBroken(undefined));
    to.once('close', onClose);
    step((error) => settle(error ? new StreamBroken(error) : undefined));
  });
}
