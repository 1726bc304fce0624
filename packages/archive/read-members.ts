/** Reading the files of an archive in order. */
import { type Unpacked, unpack } from './unpack.ts';

export interface MemberContent {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** The content, to be read once and before the next member is asked for, or not at all. */
  readonly content: AsyncIterable<Buffer>;
}

/**
 * Gives the members of an archive in order, each with its content. Trusts its checksums: have verifyArchive look
 * first. Throws Problem archive_damaged, the signal's reason, or what the source throws.
 */
export async function* readMembers(
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<MemberContent, void, void> {
  const events = unpack(source, signal);
  try {
    for (let next = await events.next(); !next.done; next = await events.next()) {
      if (next.value.kind !== 'begin') continue;
      const { path, size } = next.value;
      yield { path, size, content: contentOf(events) };
    }
  } finally {
    await events.return();
  }
}

/** What comes until the member ends. Unlike a loop over the events, it leaves the rest of them to be read. */
async function* contentOf(events: AsyncGenerator<Unpacked, void, void>): AsyncGenerator<Buffer, void, void> {
  for (let next = await events.next(); !next.done; next = await events.next()) {
    if (next.value.kind === 'content') yield next.value.bytes;
    else return;
  }
}
