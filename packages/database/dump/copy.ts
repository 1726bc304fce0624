/**
 * COPY over a connection of `pg`, which has no call for it: a query object of our own, as its cursors are. The rows are
 * PostgreSQL's text format, word for word, so nothing of a value depends on how this program would read it.
 */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type pg from 'pg';

/** What a query object may use of pg's connection; its types leave out the half that is about COPY. */
interface Wire {
  readonly stream: Duplex;
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sendCopyFail(why: string): void;
}

/** Rows that wait to be taken, in bytes, before the server is asked to wait. */
const waitingMost = 1024 * 1024;

/** What both directions have in common: they begin with a statement and end with `done`. */
abstract class Copy implements pg.Submittable {
  readonly #text: string;
  protected wire: Wire | undefined;
  protected readonly done = Promise.withResolvers<void>();
  failure: Error | undefined;
  over = false;

  constructor(text: string) {
    this.#text = text;
    // Looked at by whoever waits; a failure before that must not end the process.
    this.done.promise.catch(() => {});
  }

  submit = (connection: unknown): void => {
    this.wire = connection as Wire;
    this.wire.query(this.#text);
  };

  handleError(error: Error): void {
    this.failure ??= error;
    this.finish();
  }

  handleReadyForQuery(): void {
    this.finish();
  }

  handleCommandComplete(): void {}

  protected finish(): void {
    this.over = true;
    if (this.failure) this.done.reject(this.failure);
    else this.done.resolve();
  }
}

class CopyOut extends Copy {
  #rows: Buffer[] = [];
  #bytes = 0;
  #changed = Promise.withResolvers<void>();

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    // The parser uses its memory again.
    this.#rows.push(Buffer.from(chunk));
    this.#bytes += chunk.length;
    if (this.#bytes > waitingMost) this.wire?.stream.pause();
    this.#changed.resolve();
  }

  protected override finish(): void {
    super.finish();
    this.#changed.resolve();
  }

  /** All rows that have come since the last call; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    if (this.#rows.length === 0 && !this.over) await this.#changed.promise;
    this.#changed = Promise.withResolvers();
    if (this.failure) throw this.failure;
    if (this.#rows.length === 0) return undefined;
    const rows = Buffer.concat(this.#rows, this.#bytes);
    this.#rows = [];
    this.#bytes = 0;
    this.wire?.stream.resume();
    return rows;
  }
}

class CopyIn extends Copy {
  readonly #rows: AsyncIterable<Buffer>;

  constructor(text: string, rows: AsyncIterable<Buffer>) {
    super(text);
    this.#rows = rows;
  }

  handleCopyInResponse(): void {
    void this.#send(this.wire!);
  }

  async #send(wire: Wire): Promise<void> {
    try {
      for await (const chunk of this.#rows) {
        if (this.over) return;
        wire.sendCopyFromChunk(chunk);
        if (wire.stream.writableNeedDrain)
          await Promise.race([once(wire.stream, 'drain'), this.done.promise]);
      }
      wire.endCopyFrom();
    } catch (error) {
      if (this.over) return;
      // The server answers with an error of its own, which says less.
      this.failure = error as Error;
      wire.sendCopyFail('its source failed');
    }
  }

  ended(): Promise<void> {
    return this.done.promise;
  }
}

/** Gives what `copy … to stdout` sends. Left before its end, the connection is of no use any more: end it. */
export async function* copyOut(client: pg.Client, text: string): AsyncGenerator<Buffer, void, void> {
  const copy = client.query(new CopyOut(text));
  for (let rows = await copy.next(); rows; rows = await copy.next()) yield rows;
}

/** Sends `rows` to `copy … from stdin`. Throws what the source throws, or what the server says. */
export async function copyIn(client: pg.Client, text: string, rows: AsyncIterable<Buffer>): Promise<void> {
  await client.query(new CopyIn(text, rows)).ended();
}
