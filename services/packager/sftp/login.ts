/**
 * Signing in: with the key pair of the profile where there is one, then with its password: as the SSH method
 * "password", or where a server has only that, as the answer to the password prompt of "keyboard-interactive"
 * (RFC 4256). A server that wants both gets both.
 */
import { Problem } from '@osimage/errors';
import { fingerprint } from '@osimage/outbound';
import ssh2, { type AnyAuthMethod, type AuthenticationType, type ParsedKey } from 'ssh2';
import type { ServerProfile } from '../server-profile.ts';
import { noSafeAlgorithm } from './algorithms.ts';
import { keyText } from './host-keys.ts';

export type LoginMethod = 'key' | 'password';

export interface Login {
  /** The method to try next, or undefined after `giveUp` was called: the server has refused what we have. */
  next(methodsLeft: readonly AuthenticationType[] | null, partial: boolean): AnyAuthMethod | undefined;
  /** What it took; ask after the server let us in. */
  used(): LoginMethod[];
}

export function passwordRefused({ address, username }: ServerProfile): Problem {
  return new Problem('login_refused', { address, username });
}

/**
 * A wrong password is offered once only: trying it again by another method would count twice where accounts are
 * locked after some failures. `giveUp` is called with login_refused or key_refused when the server refuses or asks
 * for anything else, and with no_safe_algorithm when it takes an RSA key with SHA-1 only and the
 * profile does not allow that. With `keyOnly` the password comes only beside a key that was accepted.
 */
export function signIn(server: ServerProfile, giveUp: (problem: Problem) => void, keyOnly = false): Login {
  const { username, password } = server;
  const key = readKey(server, giveUp);
  const hasPassword = password !== '' || key === undefined;
  const tried = new Set<AuthenticationType>();
  const accepted: LoginMethod[] = [];
  let offered: LoginMethod = 'key';

  const afterKey = (left: readonly AuthenticationType[] | null, partial: boolean) => {
    if (!hasPassword) return undefined;
    if (!tried.has('password') && (left === null || left.includes('password'))) {
      tried.add('password');
      return { type: 'password', username, password } as const;
    }
    const refused = tried.has('password') && left?.includes('password') === true && !partial;
    if (refused || tried.has('keyboard-interactive') || !left?.includes('keyboard-interactive'))
      return undefined;
    tried.add('keyboard-interactive');
    return askedFor(server, () => giveUp(passwordRefused(server)));
  };

  return {
    used: () => [...new Set([...accepted, offered])],
    next(methodsLeft, partial) {
      if (partial) accepted.push(offered);
      if (key !== undefined && !tried.has('publickey')) {
        tried.add('publickey');
        return { type: 'publickey', username, key };
      }
      offered = 'password';
      const method = keyOnly && !accepted.includes('key') ? undefined : afterKey(methodsLeft, partial);
      // After a partial success it is not the key that was refused.
      if (method === undefined)
        giveUp(
          key === undefined || (keyOnly ? accepted.length > 0 : hasPassword || partial)
            ? passwordRefused(server)
            : keyRefused(server, key),
        );
      return method;
    },
  };
}

/** The password as the answer to the one prompt for it. */
function askedFor({ username, password }: ServerProfile, onUnanswerable: () => void): AnyAuthMethod {
  let answered = false;
  return {
    type: 'keyboard-interactive',
    username,
    prompt: (_name, _instructions, _language, prompts, answer) => {
      const [first, ...others] = prompts;
      const asksPassword = first !== undefined && !first.echo && /pass/i.test(first.prompt);
      // A second round means that the password was wrong.
      if (!asksPassword || others.length > 0 || answered) return onUnanswerable();
      answered = true;
      answer([password]);
    },
  };
}

/** ssh2 falls back to SHA-1 where a server names no better hash for RSA; this key does not sign so. */
function readKey(server: ServerProfile, giveUp: (problem: Problem) => void): ParsedKey | undefined {
  if (server.privateKey === '') return undefined;
  const key = ssh2.utils.parseKey(server.privateKey);
  if (key instanceof Error) throw new Problem('secret_unreadable', { id: server.id }, { cause: key });
  if (key.type !== 'ssh-rsa') return key;
  const sign = key.sign.bind(key);
  key.sign = (data, hash) => {
    if (hash === 'sha256' || hash === 'sha512' || server.options.oldAlgorithms.includes('ssh-rsa'))
      return sign(data, hash);
    giveUp(noSafeAlgorithm(server, 'signature algorithm for RSA keys', ['ssh-rsa'], ['ssh-rsa']));
    return new Error('no SHA-1') as never;
  };
  return key;
}

function keyRefused({ address, username }: ServerProfile, key: ParsedKey): Problem {
  return new Problem('key_refused', {
    address,
    username,
    fingerprint: fingerprint(keyText(key.getPublicSSH())),
  });
}
