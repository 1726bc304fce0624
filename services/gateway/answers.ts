/** The envelope every answer is wrapped in (contract, section 3.1). */
import type { Problem } from '@osimage/errors';

interface Message {
  id: string;
  text: string;
  explanation: string;
  recovery: { text: string; URL: string };
  recoveryUrl: string;
}

export interface Envelope {
  result: 'success' | 'failed' | 'warning';
  messages: Message[];
}

const done = { id: 'FQXHMSE0001I', text: 'The request was completed.', recovery: 'No action is needed.' };

/** What an answer says beside that it worked. */
export interface Remark {
  id: string;
  text: string;
  recovery: string;
}

/** A successful answer: the payload's attributes beside `result` and `messages`, to which remarks are added. */
export function success<Payload extends object>(
  payload?: Payload,
  remarks: readonly Remark[] = [],
): Payload & Envelope {
  return { ...(payload as Payload), result: 'success', messages: [done, ...remarks].map(message) };
}

export function failure(problem: Problem): Envelope {
  return { result: 'failed', messages: [message(problem.toJSON())] };
}

/** How `GET /osImages/{x}` fails: its messages are strings, one sentence each (contract, section 7.1). */
export function failureInStrings(problem: Problem) {
  return { filename: '', jobID: '', result: 'failed', messages: [problem.message, problem.recovery] };
}

/** One message of the catalogue's form. */
function message(report: Remark): Message {
  const { id, text, recovery } = report;
  return { id, text, explanation: '', recovery: { text: recovery, URL: '' }, recoveryUrl: '' };
}
