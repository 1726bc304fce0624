/** What of a file is known to be written, when its parts are written in any order. */

/** The length of the beginning without a hole. Only that much can be built upon later. */
export class Watermark {
  #bytes: number;
  /** Ends of the parts that are written beyond a hole, by their beginnings. */
  readonly #beyond = new Map<number, number>();

  /** `from`: bytes that are there already. */
  constructor(from: number) {
    this.#bytes = from;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Parts must not overlap; the same part may be told again. Gives whether the watermark has moved. */
  add(offset: number, length: number): boolean {
    if (offset < this.#bytes || length === 0) return false;
    this.#beyond.set(offset, offset + length);
    const before = this.#bytes;
    for (;;) {
      const end = this.#beyond.get(this.#bytes);
      if (end === undefined) return this.#bytes > before;
      this.#beyond.delete(this.#bytes);
      this.#bytes = end;
    }
  }
}
