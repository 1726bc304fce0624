/** Callers that start one export after the other and come back when they are told to, as scripts should. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '@osimage/database';
import type { Test } from 'tap';
import type { RestClient } from '../support/client.ts';

/** Not Retry-After's seconds: the sooner they come back, the more they meet. */
const comeBackMs = 50;
const callers = 4;
/** Between a caller's jobs: accepting one is much less work than doing it. */
const restMs = 250;

export interface Load {
  /** Ids of the jobs that were accepted. */
  readonly accepted: readonly string[];
  /** Answers that told to come back. */
  readonly refused: number;
  /** Answers that should not have been given. */
  readonly wrong: readonly string[];
  /** Requests that got no answer. */
  readonly broken: readonly string[];
  /** Ends the load once each caller's last job is accepted. */
  stop(): Promise<void>;
}

/** Starts exports of a profile; a refused or unanswered one is repeated with its Idempotency-Key until it is accepted. */
export function startLoad(t: Test, client: Pick<RestClient, 'fetch'>, profileId: string): Load {
  let stopped = false;
  let over = false;
  t.teardown(() => {
    stopped = over = true;
  });
  const load = { accepted: [] as string[], refused: 0, wrong: [] as string[], broken: [] as string[] };
  const once = async (key: string): Promise<boolean> => {
    const path = `/osImages/${encodeURIComponent(profileId)}`;
    try {
      const answer = await client.fetch('GET', path, undefined, { 'idempotency-key': key });
      const text = await answer.text();
      if (answer.status === 200) load.accepted.push((JSON.parse(text) as { jobID: string }).jobID);
      else if (answer.status === 503 && Number(answer.headers.get('retry-after')) >= 1) load.refused += 1;
      else load.wrong.push(`${answer.status} ${text}`);
      return answer.status !== 503;
    } catch (error) {
      load.broken.push(String((error as Error).cause ?? error));
      return false;
    }
  };
  const call = async () => {
    while (!stopped) {
      const key = randomUUID();
      while (!over && !(await once(key))) await pause(comeBackMs);
      await pause(restMs);
    }
  };
  const running = Array.from({ length: callers }, call);
  return Object.assign(load, {
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  });
}

/** What is wrong with the exports in the database, `others` aside: each was accepted, once, and is complete. */
export async function wrongAccepted(
  db: Database,
  { accepted }: Load,
  others: readonly string[] = [],
): Promise<string[]> {
  const { rows } = await db.query<{ id: string; state: string }>(
    `select id::text, state from jobs where kind = 'export' and id <> all ($1)`,
    [others],
  );
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  return [
    ...accepted.filter((id) => states.get(id) !== 'Complete').map((id) => `${id} is ${states.get(id)}`),
    ...[...states.keys()].filter((id) => !accepted.includes(id)).map((id) => `nobody was told of ${id}`),
  ];
}
