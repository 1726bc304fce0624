/** The envelope of a failure as the contract has it (sections 3.1 and 7.1), written from its tables. */
import type { RawAnswer } from '../support/raw-request.ts';

/** Gives what is wrong with the envelope of a failed answer; empty when nothing is. */
export function envelopeOf(answer: RawAnswer, method: string, path: string): string {
  if (!/^application\/json\b/.test(answer.headers['content-type'] ?? ''))
    return `type ${answer.headers['content-type']}`;
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(answer.body) as Record<string, unknown>;
  } catch {
    return `no JSON: ${answer.body.slice(0, 200)}`;
  }
  if (body.result !== 'failed') return `result ${String(body.result)}`;
  if (!Array.isArray(body.messages) || body.messages.length === 0) return 'no messages';
  // Too large a request is refused before anybody looks at its path.
  if (isExport(method, path) && answer.status !== 431) {
    if (body.filename !== '' || body.jobID !== '') return 'filename and jobID must be empty texts';
    return body.messages.every((message) => typeof message === 'string' && message !== '')
      ? ''
      : 'messages that are no text';
  }
  return body.messages.map(messageProblem).find((problem) => problem !== '') ?? '';
}

/** Whether it is `GET /osImages/{x}`, whose messages are strings. */
function isExport(method: string, path: string): boolean {
  const [place = ''] = path.split('?');
  return (
    method === 'GET' &&
    /^\/osImages\/[^/]+\/?$/.test(place) &&
    !/^\/osImages\/(remoteFileServers|globalSettings|connection)\/?$/.test(place)
  );
}

function messageProblem(message: unknown): string {
  const { id, text, explanation, recovery, recoveryUrl } = message as Record<string, unknown>;
  if (typeof id !== 'string' || !/^FQXHM(FC|SE|JM)9\d{3}M$/.test(id)) return `id ${String(id)}`;
  if (typeof text !== 'string' || !/^\S.*[.!?…"]$/s.test(text)) return `text ${String(text)}`;
  if (typeof explanation !== 'string') return 'explanation';
  const { text: recoveryText, URL: link } = (recovery ?? {}) as Record<string, unknown>;
  if (typeof recoveryText !== 'string' || recoveryText === '' || typeof link !== 'string') return 'recovery';
  return typeof recoveryUrl === 'string' ? '' : 'recoveryUrl';
}
