/** Reads what one test file said, for `npm test`'s own short output. */

export interface FileResult {
  readonly passed: number;
  readonly failed: number;
  /** Programs for want of which something was skipped. */
  readonly missingTools: readonly string[];
}

/**
 * Counts the checks of a test file from its TAP output. One that broke off, or ended with another exit code
 * than 0, never counts as without failure.
 */
export function readTap(output: string, exitCode: number | null): FileResult {
  const totals = [...output.matchAll(/^# \{ total: (.*) \}$/gm)].at(-1)?.[1];
  const least = exitCode === 0 && totals !== undefined ? 0 : 1;
  const tools = [...output.matchAll(/# SKIP missing tool: (\S+)/g)].map(([, tool = '']) => tool);
  return {
    passed: count(totals, 'pass'),
    failed: Math.max(count(totals, 'fail'), least),
    missingTools: [...new Set(tools)],
  };
}

function count(totals: string | undefined, word: string): number {
  return Number(new RegExp(`\\b${word}: (\\d+)`).exec(totals ?? '')?.[1] ?? 0);
}
