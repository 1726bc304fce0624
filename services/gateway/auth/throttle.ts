/**
 * Slows down guessing: of one account from one address, of many accounts from one address, and of one account
 * from many addresses. None of the three can lock out somebody who knows the password (docs/accounts.md):
 *
 * - Where an account is guessed from many addresses, each address keeps one free attempt, and then waits longer.
 *   So the owner's first attempt from an address that has not failed is always looked at.
 * - A client that has signed in before has a secret to show for it (known-client.ts) and is counted by itself,
 *   whatever others do, also those behind the same address.
 */
import { Problem } from '@osimage/errors';
import { createFailureCounter, type Patience } from './failure-counter.ts';
import { networkOf } from './network.ts';

const second = 1_000;
const minute = 60 * second;

/** One account from one address, or from one known client: people mistype. */
const pairs: Patience = { free: 10, firstWaitMs: second, longestWaitMs: minute, forgetMs: 15 * minute };
/** The same, while the account is guessed from many addresses. */
const guardedPairs: Patience = {
  free: 1,
  firstWaitMs: minute,
  longestWaitMs: 60 * minute,
  forgetMs: 120 * minute,
};
/** All accounts from one address: more, since many people may share it. */
const addresses: Patience = { free: 50, firstWaitMs: second, longestWaitMs: minute, forgetMs: 15 * minute };
/** An account with this many failures in a row, from anywhere, is being guessed. Nobody waits for these. */
const guardedFrom = 100;
const accounts: Patience = { free: Infinity, firstWaitMs: 0, longestWaitMs: 0, forgetMs: 120 * minute };

/** Keys remembered of each kind. */
const most = 10_000;

export interface Guess {
  readonly account: string;
  /** IP address of the caller. */
  readonly address: string;
  /** Names a client that has signed in to this account before. */
  readonly knownClient?: string | undefined;
}

export interface Throttle {
  /**
   * Counts an attempt as failed beforehand; throws Problem `too_many_requests` when it comes too early. Gives
   * what is to be called when it was right after all.
   */
  attempt(guess: Guess): () => void;
}

/** `now` gives milliseconds. */
export function createThrottle(now: () => number = Date.now): Throttle {
  const byPair = createFailureCounter(most, now);
  const byAddress = createFailureCounter(most, now);
  const byAccount = createFailureCounter(most, now);

  return {
    attempt({ account, address, knownClient }) {
      if (knownClient !== undefined) {
        const client = `${knownClient} ${account}`;
        refuseEarly(byPair.waitMs(client, pairs));
        byPair.count(client, pairs);
        return () => byPair.forget(client);
      }
      const network = networkOf(address);
      const pair = `${network} ${account}`;
      const guarded = byAccount.failures(account, accounts) >= guardedFrom;
      const patience = guarded ? guardedPairs : pairs;
      refuseEarly(Math.max(byPair.waitMs(pair, patience), byAddress.waitMs(network, addresses)));
      // A script with an old password, which waits for itself alone, must not spoil the address for the others.
      const spoils =
        byPair.failures(pair, patience) < patience.free ||
        byAddress.failures(network, addresses) >= addresses.free;
      // Counted before the password is checked: a hundred guesses sent at once must not all be the first.
      byPair.count(pair, patience);
      const takeBacks = [byAccount.count(account, accounts)];
      if (spoils) takeBacks.push(byAddress.count(network, addresses));
      return () => {
        byPair.forget(pair);
        // Not forgotten: who has an account of his own must not clear the slate by signing in between guesses.
        for (const takeBack of takeBacks) takeBack();
      };
    },
  };
}

function refuseEarly(waitMs: number): void {
  if (waitMs > 0) throw new Problem('too_many_requests', { seconds: Math.ceil(waitMs / second) });
}
