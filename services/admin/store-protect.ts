/** `store protect` and `store unprotect`: whether the retention rule leaves an archive alone. */
import { findArchive, protectArchive } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { audited } from './audited.ts';
import type { Command } from './command.ts';

export const storeProtect = command('protect', true, 'keep an archive from the retention rule');
export const storeUnprotect = command('unprotect', false, 'let the retention rule have an archive again');

function command(word: string, isProtected: boolean, summary: string): Command {
  return {
    words: `store ${word}`,
    takes: ['ARCHIVE'],
    options: [],
    summary,
    prepare:
      async ({ args: [name = ''] }) =>
      async (db) => {
        await audited(db, 'archive.protect', [name], async (tx) => {
          if (await protectArchive(tx, name, isProtected)) return;
          const gone = await findArchive(tx, name);
          if (!gone?.deleted_at) throw new Problem('not_found', { what: 'archive', id: name.slice(0, 200) });
          const when = gone.deleted_at.toISOString();
          throw new Problem('archive_gone', { id: name, why: gone.deleted_reason ?? 'deleted', when });
        });
        return {
          json: { archive: { name, protected: isProtected } },
          text: `${name} is ${isProtected ? 'protected' : 'not protected any more'}`,
        };
      },
  };
}
