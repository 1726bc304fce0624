/** A Python that has a module: the first on PATH may be one that does not, where the system's own does. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { findTool } from './tools.ts';

const run = promisify(execFile);

/** Gives its path. Where there is none the test is skipped, naming the Debian package; with CI=true it fails. */
export async function needPython(
  t: Test,
  module: string,
  debianPackage: string,
): Promise<string | undefined> {
  for (const python of [findTool('python3'), '/usr/bin/python3']) {
    if (python === undefined) continue;
    const works = await run(python, ['-c', `import ${module}`]).then(
      () => true,
      () => false,
    );
    if (works) return python;
  }
  const missing = `missing tool: ${debianPackage}`;
  if (process.env.CI === 'true') t.fail(missing);
  else t.pass(missing, { skip: missing });
  return undefined;
}
