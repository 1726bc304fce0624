/** `verify-backup DIR`: reads all of a backup and compares it with its digests. Needs no installation. */
import { resolve } from 'node:path';
import { openBackup, takePiece } from './backup/open.ts';
import type { Command } from './command.ts';
import { runLong } from './long-work.ts';
import { sizeText } from './units.ts';

export const verifyBackup: Command = {
  words: 'verify-backup',
  takes: ['DIR'],
  options: [],
  summary: 'read all of a backup and say whether it is whole',
  prepareAlone:
    async ({ args: [folder = ''] }) =>
    async () => {
      const backup = await openBackup(resolve(folder));
      const { manifest, contents, sums } = backup;
      await runLong(async ({ signal, onProgress }) => {
        let done = 0;
        for (const path of sums.keys()) {
          done += (await takePiece(backup, path, signal)).bytes;
          onProgress?.(done, manifest.bytes);
        }
      });
      const { madeAt, files, bytes } = manifest;
      const { damaged } = contents;
      const lines = [
        ...damaged.map(({ path, damage }) => `DAMAGED when it was made: ${path}: ${damage}`),
        `The backup of ${madeAt} is whole: ${files} files, ${sizeText(bytes)}.`,
      ];
      return {
        json: { madeAt, files, bytes, damaged },
        text: lines.join('\n'),
        alarming: damaged.length > 0,
      };
    },
};
