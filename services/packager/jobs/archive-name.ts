/** The file name of an archive: contract, section 7.1 and C-9. */

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
