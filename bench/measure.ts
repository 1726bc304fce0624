/** What a measure is, how contenders are timed in turn, and how the figures are written down. */
import { cpus, totalmem } from 'node:os';

/** What a measure needs of the one who runs it. */
export interface Bench {
  /** Counted runs of each contender. */
  readonly runs: number;
  /** Says what is being done, for people who wait. */
  readonly say: (line: string) => void;
  /** Registers what must be undone at the end, also after a failure; done in reverse order. */
  readonly atEnd: (cleanUp: () => Promise<unknown>) => void;
}

/** One table of the report. */
export interface Table {
  readonly title: string;
  /** First row: the names of the columns. */
  readonly rows: readonly (readonly string[])[];
  /** The figures behind it, for result.json. */
  readonly data: unknown;
}

export type Measure = (bench: Bench) => Promise<Table[]>;

/** Does the work once; gives a number, its time in seconds, where that is not simply how long the call took. */
export type Contender = () => Promise<unknown>;

/** Seconds of each contender, in turn A B A B … so that a machine whose speed drifts treats them alike. */
export async function inTurn(
  { runs, say }: Bench,
  contenders: Readonly<Record<string, Contender>>,
  clear: () => Promise<unknown> = async () => {},
): Promise<Map<string, number[]>> {
  const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]));
  // The first turn only warms up.
  for (let turn = 0; turn <= runs; turn++) {
    for (const [name, work] of Object.entries(contenders)) {
      const started = performance.now();
      const own = await work();
      const seconds = typeof own === 'number' ? own : (performance.now() - started) / 1000;
      say(`${turn === 0 ? 'warm-up' : `run ${turn}`}: ${name} ${seconds.toFixed(2)} s`);
      if (turn > 0) times.get(name)!.push(seconds);
      await clear();
    }
  }
  return times;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** A table of medians; the last column says how many times the first contender's time each one takes. */
export function comparison(title: string, times: ReadonlyMap<string, readonly number[]>): Table {
  const [[, first = []] = []] = times;
  const ours = median(first);
  const rows = [...times].map(([name, seconds]) => [
    name,
    `${median(seconds).toFixed(2)} s`,
    `${Math.min(...seconds).toFixed(2)} to ${Math.max(...seconds).toFixed(2)} s`,
    `${(median(seconds) / ours).toFixed(2)} ×`,
  ]);
  return {
    title,
    rows: [['', 'median', 'min to max', 'of ours'], ...rows],
    data: Object.fromEntries(times),
  };
}

export function toMarkdown({ title, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  const [head = [], ...body] = rows;
  return `### ${title}\n\n${line(head)}${line(head.map(() => '---'))}${body.map(line).join('')}`;
}

/** The machine, as figures without it mean nothing. */
export function describeMachine(): string {
  return `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
}
