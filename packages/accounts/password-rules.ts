/**
 * What a new password must be (OWASP ASVS 5.0, 6.2): long enough, and not one of those that everybody tries
 * first. Nothing about kinds of characters, and none ever expires: such rules only make people choose worse.
 */
import { Problem } from '@osimage/errors';

const leastCharacters = 8;
/** UTF-16 units; also what a sign-in looks at, at most. */
export const longestPassword = 1_024;

/** What people put into passwords of this product. */
const ourWords = ['osimage-export', 'osimage', 'xclarity', 'lenovo', 'lxca'];
/** With this little around a word that anybody guesses, a password is that word. */
const leastBesidesWord = 5;
/** Shorter words are in many good passwords by chance. */
const leastWord = 3;

/** Throws Problem `password_too_weak`, which says why, unless `password` may be the one of account `name`. */
export async function checkNewPassword(password: string, name: string): Promise<void> {
  const detail = await weakness(password, name);
  if (detail !== undefined) throw new Problem('password_too_weak', { detail });
}

async function weakness(password: string, name: string): Promise<string | undefined> {
  // As people count: a letter outside the first plane is one.
  if ([...password].length < leastCharacters) return `it has fewer than ${leastCharacters} characters`;
  if (password.length > longestPassword) return `it has more than ${longestPassword} characters`;
  const folded = password.toLowerCase();
  if (isMostly(folded, name.toLowerCase())) return 'it is little more than the name of the account';
  if (ourWords.some((word) => isMostly(folded, word)))
    return 'it is little more than the name of the product';
  if (new Set(folded).size <= 2) return 'it repeats one or two characters';
  if ((await commonPasswords()).has(folded)) return 'it is one of the passwords that are guessed first';
  return undefined;
}

function isMostly(password: string, word: string): boolean {
  if (word.length < leastWord || !password.includes(word)) return false;
  return password.replaceAll(word, '').length < leastBesidesWord;
}

let common: Promise<ReadonlySet<string>> | undefined;

/** 49,233 of them, in lower case. Read when a password is first set, since most processes never set one. */
function commonPasswords(): Promise<ReadonlySet<string>> {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common']),
  );
  return common;
}
