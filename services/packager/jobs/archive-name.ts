/** The file name of an archive: contract, section 7.1 and C-9. */
import { type Queryable, takeFreeId } from '@osimage/database';

/**
 * `<YYYYMMDDhhmmss>_<safe profile name>.tar.gz` in UTC; from the second try on with -2, -3, … The safe name
 * keeps letters, digits, dot, hyphen and underscore, so that every file system and shell takes it.
 */
export function archiveName(profileName: string, now: Date, attempt = 1): string {
  const stamp = now.toISOString().replace(/\D/g, '').slice(0, 14);
  const safe =
    profileName
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 120) || 'profile';
  return `${stamp}_${safe}${attempt === 1 ? '' : `-${attempt}`}.tar.gz`;
}

/** How many names were tried in the present second, by the first of them. */
const tried = { second: '', counts: new Map<string, number>() };

/**
 * Takes a free name until the transaction ends, or for good. Many exports of one profile in one second do not try the
 * names of each other, which would make each wait for the one before.
 */
export async function takeArchiveName(tx: Queryable, profileName: string, now: Date): Promise<string> {
  const first = archiveName(profileName, now);
  const second = now.toISOString().slice(0, 19);
  if (tried.second !== second) {
    tried.second = second;
    tried.counts.clear();
  }
  return await takeFreeId(tx, 'archive', () => {
    const attempt = (tried.counts.get(first) ?? 0) + 1;
    tried.counts.set(first, attempt);
    return archiveName(profileName, now, attempt);
  });
}
