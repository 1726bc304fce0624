/** The failures of transfers that every protocol tells alike, in both directions. */
import { Problem, systemCode } from '@osimage/errors';
import type { ServerProfile } from './server-profile.ts';

/** Who we are there, for messages. */
export function userOf({ options, username }: ServerProfile): string {
  return username || (options.authentication === 'bearer' ? 'with the token' : 'anonymous');
}

export function loginRefused(server: ServerProfile, cause?: unknown): Problem {
  return new Problem('login_refused', { address: server.address, username: userOf(server) }, { cause });
}

export function stalled({ address }: ServerProfile, silenceMs: number, cause?: unknown): Problem {
  return new Problem('connection_stalled', { address, seconds: Math.round(silenceMs / 1000) }, { cause });
}

/** The connection ended although it was used; a Problem stays itself. */
export function lost({ address }: ServerProfile, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const detail = systemCode(error) === 'ECONNRESET' ? 'it was reset' : 'the server closed it';
  return new Problem('connection_lost', { address, detail }, { cause: error });
}

/** Not answered as asked, and asking again will not help. `action` completes "the server refused to …". */
export function refused(
  { address }: ServerProfile,
  action: string,
  detail: string,
  cause?: unknown,
): Problem {
  return new Problem('remote_refused', { address, action, detail }, { cause });
}

/** Not answered as asked, which may pass. */
export function failed({ address }: ServerProfile, action: string, detail: string, cause?: unknown): Problem {
  return new Problem('remote_failed', { address, action, detail }, { cause });
}
