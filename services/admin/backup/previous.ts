/** The backup before, in the same folder: what it holds is linked and not copied again. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openBackup } from './open.ts';

export interface Previous {
  readonly folder: string;
  /** SHA-256 of a file that it holds whole; undefined for others. */
  digestOf(path: string): string | undefined;
}

/** Gives the newest whole backup of the installation beside `final`; undefined when there is none. */
export async function findPrevious(final: string, installation: string): Promise<Previous | undefined> {
  const parent = dirname(final);
  let newest: Awaited<ReturnType<typeof openBackup>> | undefined;
  for (const entry of await readdir(parent, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || entry.name.endsWith('.partial')) continue;
    // What is no backup, or a damaged one, is none to build on.
    const found = await openBackup(join(parent, entry.name)).catch(() => undefined);
    if (found?.manifest.installation !== installation) continue;
    if (!newest || found.manifest.madeAt > newest.manifest.madeAt) newest = found;
  }
  if (!newest) return undefined;
  const { folder, sums, contents } = newest;
  const damaged = new Set(contents.damaged.map(({ path }) => `store/${path}`));
  return { folder, digestOf: (path) => (damaged.has(path) ? undefined : sums.get(path)) };
}
