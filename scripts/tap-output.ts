/** Reads what the test runner says, for `npm test`'s own short output. */

export interface Totals {
  passed: number;
  failed: number;
}

/** A test file that ended. */
export interface FileResult {
  readonly ok: boolean;
  readonly name: string;
  readonly seconds: string;
  /** Everything the runner said about it. */
  readonly output: readonly string[];
}

/** Takes the runner's lines in order; calls `onFile` for each test file that ended. */
export class TapOutput {
  readonly missingTools = new Set<string>();
  readonly #onFile: (result: FileResult) => void;
  #lines: string[] = [];
  #totals: Totals | undefined;
  #failedFiles = 0;
  // A failed file's last lines, why it ended, come after its result.
  #ended: Omit<FileResult, 'output'> | undefined;

  constructor(onFile: (result: FileResult) => void) {
    this.#onFile = onFile;
  }

  line(text: string): void {
    if (this.#ended && !text.startsWith('  ')) this.#tell();
    const tool = /# SKIP missing tool: (\S+)/.exec(text)?.[1];
    if (tool) this.missingTools.add(tool);
    const totals = /^# \{ total: (.*) \}$/.exec(text)?.[1];
    if (totals !== undefined) this.#totals = { passed: count(totals, 'pass'), failed: count(totals, 'fail') };
    const file = /^(not )?ok \d+ - (\S+\.test\.ts)(?: # time=([\d.]+)ms)?/.exec(text);
    this.#lines.push(text);
    if (!file) return;
    const ok = file[1] === undefined;
    if (!ok) this.#failedFiles += 1;
    this.#ended = { ok, name: file[2] ?? '', seconds: (Number(file[3] ?? 0) / 1000).toFixed(1) };
    if (ok) this.#tell();
  }

  #tell(): void {
    if (this.#ended) this.#onFile({ ...this.#ended, output: this.#lines });
    this.#ended = undefined;
    this.#lines = [];
  }

  /** What was said after the last file. */
  rest(): readonly string[] {
    this.#tell();
    return this.#lines;
  }

  /** Checks passed and failed; a run that ended badly never counts as without failure. */
  totals(exitCode: number): Totals {
    const { passed, failed } = this.#totals ?? { passed: 0, failed: 0 };
    const least = exitCode === 0 && this.#totals ? 0 : 1;
    return { passed, failed: Math.max(failed, this.#failedFiles, least) };
  }
}

function count(totals: string, word: string): number {
  return Number(new RegExp(`${word}: (\\d+)`).exec(totals)?.[1] ?? 0);
}
