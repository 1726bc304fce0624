/** Sizes and times as people write and read them. */
import { UsageError } from './command.ts';

const sizes = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes with three digits: `1.23 GB`, a thousand each. */
export function sizeText(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < sizes.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${sizes[unit]}`;
}

const times: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30m`; throws UsageError. */
export function parseTime(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  if (!match) throw new UsageError(`--older-than is a number with s, m, h or d, such as 12h; not ${text}`);
  return Number(match[1]) * times[match[2]!]!;
}

/** Lines of cells, each column as wide as its widest; the first one to the left, the others to the right. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
