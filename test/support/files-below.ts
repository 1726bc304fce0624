/** What lies in a folder that somebody else is changing. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@osimage/errors';

/** Every file below a folder, relative to it. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    // A folder below it was removed while it was being listed.
    if (systemCode(error) !== 'ENOENT' || !existsSync(folder)) throw error;
    return undefined;
  });
  if (!entries) return await filesBelow(folder);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
