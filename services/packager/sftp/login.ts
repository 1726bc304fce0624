/**
 * Signing in with a password: as the SSH method "password", or where a server has only that, as the answer to
 * the password prompt of "keyboard-interactive" (RFC 4256).
 */
import type { AnyAuthMethod, AuthenticationType } from 'ssh2';
import type { ServerProfile } from '../server-profile.ts';

export interface Login {
  /** The method to try next, or undefined when the server has refused what we have. */
  next(methodsLeft: readonly AuthenticationType[] | null, partial: boolean): AnyAuthMethod | undefined;
}

/**
 * A wrong password is offered once only: trying it again by another method would count twice where accounts are
 * locked after some failures. `onUnanswerable` is called when the server asks for anything but the password.
 */
export function passwordLogin(server: ServerProfile, onUnanswerable: () => void): Login {
  const { username, password } = server;
  const tried = new Set<AuthenticationType>();
  return {
    next(methodsLeft, partial) {
      if (!tried.has('password')) {
        tried.add('password');
        return { type: 'password', username, password };
      }
      const refused = methodsLeft?.includes('password') === true && !partial;
      if (refused || tried.has('keyboard-interactive') || !methodsLeft?.includes('keyboard-interactive'))
        return undefined;
      tried.add('keyboard-interactive');
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
    },
  };
}
