/** What an account may be called. */
import { Problem } from '@osimage/errors';

const longestName = 128;

/**
 * Throws Problem `account_name_unusable` for a name that could not sign in, or that looks like another one: HTTP
 * Basic ends the name at the first colon, and a log line must not be broken by one.
 */
export function checkAccountName(name: string): void {
  const detail =
    name === ''
      ? 'it is empty'
      : name.length > longestName
        ? `it is longer than ${longestName} characters`
        : name.includes(':')
          ? 'it holds a colon, where HTTP Basic ends a name'
          : /\p{C}|\p{Zl}|\p{Zp}/u.test(name)
            ? 'it holds characters that cannot be seen'
            : name !== name.trim()
              ? 'it begins or ends with a space'
              : undefined;
  if (detail !== undefined)
    throw new Problem('account_name_unusable', { name: name.slice(0, longestName), detail });
}
