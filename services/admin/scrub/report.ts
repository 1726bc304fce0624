/** What is damaged, in the words of those who have to do something about it. */

import { join } from 'node:path';
import {
  type DamagedArchive,
  type DamagedBlob,
  type Database,
  listDamagedArchives,
  listDamagedBlobs,
} from '@osimage/database';

export interface DamageReport {
  content: (Omit<DamagedBlob, 'physicalName'> & { path: string })[];
  archives: (Omit<DamagedArchive, 'physicalPath'> & { path: string })[];
}

/** All damage that is known, also from earlier passes and from downloads. Paths are relative to the store's folder. */
export async function damageReport(db: Database): Promise<DamageReport> {
  const content = await listDamagedBlobs(db);
  const archives = await listDamagedArchives(db);
  return {
    content: content.map(({ physicalName, ...blob }) => ({
      ...blob,
      path: join('blobs', physicalName.slice(0, 2), physicalName),
    })),
    archives: archives.map(({ physicalPath, ...archive }) => ({ ...archive, path: physicalPath })),
  };
}

/** A paragraph for each. */
export function damageText({ content, archives }: DamageReport): string[] {
  return [
    ...content.map(({ files, profiles, damage, path }) => {
      const what = files.map(
        ({ kind, id, name }) => `${kind} ${[id, JSON.stringify(name)].join(' ').trim()}`,
      );
      const known = what.length > 0 ? what.join(', ') : 'content nothing uses any more';
      const carried = profiles.length > 0 ? `\n  carried by ${profiles.join(', ')}` : '';
      const advice =
        what.length > 0 ? 'Import it again: that repairs it everywhere.' : '`store gc` removes it.';
      return `DAMAGED ${known}: ${damage} (${path})${carried}\n  ${advice}`;
    }),
    ...archives.map(
      ({ name, profileId, damage, path }) =>
        `DAMAGED archive ${name}: ${damage} (${path})\n  made of ${profileId}\n  Export the profile again and delete this archive.`,
    ),
  ];
}
