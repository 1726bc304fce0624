/** What is not there, with the call that lists what is. */
import { Problem } from './problem.ts';

const lists: Readonly<Record<string, string>> = {
  job: 'GET /tasks',
  'import job': 'GET /tasks',
  'remote file server': 'GET /osImages/remoteFileServers',
};

/** A Problem not_found: there is no `what` with this id. Everything without a list of its own is in GET /osImages. */
export function notFound(what: string, id: string): Problem {
  return new Problem('not_found', { what, id, list: lists[what] ?? 'GET /osImages' });
}
