/** The failures that all sources tell alike. */
import { Problem, systemCode } from '@osimage/errors';
import type { FetchRequest } from './source.ts';

/** Who we are there, for messages. */
function userOf({ server }: FetchRequest): string {
  return server.username || 'anonymous';
}

export function fileMissing({ path, server }: FetchRequest, cause?: unknown): Problem {
  return new Problem('remote_file_missing', { path, address: server.address }, { cause });
}

export function isFolder({ path, server }: FetchRequest): Problem {
  return new Problem('remote_is_folder', { path, address: server.address });
}

export function unreadable(request: FetchRequest, cause?: unknown): Problem {
  const { path, server } = request;
  return new Problem(
    'remote_unreadable',
    { username: userOf(request), path, address: server.address },
    { cause },
  );
}

export function loginRefused(request: FetchRequest, cause?: unknown): Problem {
  const { address } = request.server;
  return new Problem('login_refused', { address, username: userOf(request) }, { cause });
}

export function stalled({ server }: FetchRequest, silenceMs: number, cause?: unknown): Problem {
  const seconds = Math.round(silenceMs / 1000);
  return new Problem('connection_stalled', { address: server.address, seconds }, { cause });
}

/** The connection ended although it was used; a Problem stays itself. */
export function lost({ server }: FetchRequest, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = systemCode(error);
  const detail = code === 'ECONNRESET' ? 'it was reset' : 'the server closed it';
  return new Problem('connection_lost', { address: server.address, detail }, { cause: error });
}

/** Not answered as asked, and asking again will not help. */
export function refused({ server }: FetchRequest, detail: string, cause?: unknown): Problem {
  return new Problem(
    'remote_refused',
    { address: server.address, action: 'send the file', detail },
    { cause },
  );
}

/** Not answered as asked, which may pass. */
export function failed({ server }: FetchRequest, detail: string, cause?: unknown): Problem {
  return new Problem(
    'remote_failed',
    { address: server.address, action: 'send the file', detail },
    { cause },
  );
}
