/** `backup DIR`: database, store and keys of one moment, while everything runs (docs/backup.md). */
import { resolve } from 'node:path';
import { audited } from './audited.ts';
import { makeBackup } from './backup/make.ts';
import type { Command } from './command.ts';
import { runLong } from './long-work.ts';
import { sizeText } from './units.ts';

export const backup: Command = {
  words: 'backup',
  takes: ['DIR'],
  options: [],
  summary: 'copy database, store and keys into the new folder DIR, while services run',
  prepare:
    async ({ args: [folder = ''] }) =>
    async (db, settings) => {
      const final = resolve(folder);
      const [end] = await Promise.allSettled([
        runLong(async (watch) => {
          try {
            return await makeBackup(db, settings, final, watch);
          } catch (error) {
            throw watch.signal.aborted ? new Error('It was stopped; nothing is left of it.') : error;
          }
        }),
      ]);
      const made = await audited(db, 'backup.make', [final], async () => {
        if (end.status === 'rejected') throw end.reason;
        return end.value;
      });
      const { tables, files, bytes, linked, damaged } = made;
      const lines = [
        ...damaged.map(({ path, damage }) => `DAMAGED ${path}: ${damage}`),
        `${final} holds ${tables} tables and ${files} files of the store (${sizeText(bytes)}), ${linked} of them as links.`,
        ...(damaged.length > 0 ? ['All else is whole. `store scrub` says whom the damage concerns.'] : []),
        'It holds the keys as well: whoever can read it can read every stored password.',
      ];
      const json = { folder: final, tables, files, bytes, linked, damaged };
      return { json, text: lines.join('\n'), alarming: damaged.length > 0 };
    },
};
