/** `GET /tasks/{list}/events`: jobs as server-sent events, over reconnects to other gateways. */
import { type Database, insertJob, type NewJob } from '@osimage/database';
import t, { type Test } from 'tap';
import { buildApp } from '../../services/gateway/app.ts';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';

const job: NewJob = { kind: 'export', title: 'Export', createdBy: 'USERID', requestId: '', profileId: 'a|b' };

interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: { jobUID: string; bytesDone: number; percentage: number; status: string }[];
}

/** Two gateways on one database, both listening. */
async function twoGateways(t: Test): Promise<TestGateway & { urls: [string, string] }> {
  const gateway = await createTestGateway(t);
  const other = await buildApp(gateway.services);
  t.teardown(() => other.close());
  const urls: [string, string] = [
    await gateway.app.listen({ port: 0, host: '127.0.0.1' }),
    await other.listen({ port: 0, host: '127.0.0.1' }),
  ];
  return { ...gateway, urls };
}

/** Gives events as they come. */
async function* readEvents(answer: Response): AsyncGenerator<ServerEvent, void, void> {
  let text = '';
  for await (const bytes of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += bytes;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
      );
      text = text.slice(end + 2);
      const event = fields.get('event');
      if (event === undefined) continue;
      yield { event, id: fields.get('id') ?? '', data: JSON.parse(fields.get('data') ?? '') };
    }
  }
}

const next = async (events: AsyncGenerator<ServerEvent, void, void>) =>
  (await events.next()).value as ServerEvent;

async function advance(db: Database, id: string, bytes: number): Promise<void> {
  await db.query(
    `update jobs set state = 'Running', bytes_total = 1000, bytes_done = $2::int, percent = $2::int / 10 where id = $1`,
    [id, bytes],
  );
}

async function end(db: Database, id: string): Promise<void> {
  await db.query(
    `update jobs set state = 'Complete', ended_at = now(), percent = 100, bytes_done = 1000, step = 'done'
     where id = $1`,
    [id],
  );
}

t.test('every change until the end, over a reconnect to another gateway', async (t) => {
  const { db, headers, urls } = await twoGateways(t);
  const one = await insertJob(db, job);
  const two = await insertJob(db, job);
  const path = `/tasks/${one},${two}/events`;
  const hangUp = new AbortController();
  const answer = await fetch(`${urls[0]}${path}`, { headers, signal: hangUp.signal });
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('content-type'), 'text/event-stream');
  t.equal(answer.headers.get('cache-control'), 'no-store');
  t.equal(answer.headers.get('x-accel-buffering'), 'no');
  const events = readEvents(answer);
  t.match(await next(events), { event: 'jobs', data: [{ jobUID: one }, { jobUID: two, bytesDone: 0 }] });
  await advance(db, two, 300);
  const seen = await next(events);
  t.match(seen, { event: 'jobs', data: [{ jobUID: two, bytesDone: 300, percentage: 30 }] });
  t.equal(seen.data.length, 1, 'only what changed');
  hangUp.abort();

  const again = (lastEventId: string) =>
    fetch(`${urls[1]}${path}`, { headers: { ...headers, 'last-event-id': lastEventId } });
  const quiet = readEvents(await again(seen.id));
  await advance(db, two, 600);
  const more = await next(quiet);
  t.match(more, { event: 'jobs', data: [{ jobUID: two, bytesDone: 600 }] }, 'nothing came twice');
  t.equal(more.data.length, 1);
  await end(db, one);
  t.match(await next(quiet), { data: [{ jobUID: one, status: 'Complete', percentage: 100 }] });

  const missed = readEvents(await again(seen.id));
  const whole = await next(missed);
  t.match(
    whole.data.map(({ jobUID, bytesDone, status }) => [jobUID, bytesDone, status]),
    [
      [one, 1000, 'Complete'],
      [two, 600, 'Running'],
    ],
    'who missed something sees how all are now',
  );
  await end(db, two);
  const last = await next(quiet);
  t.match(last, { event: 'jobs', data: [{ jobUID: two, status: 'Complete' }] });
  t.match(await next(quiet), { event: 'end' });
  t.equal((await quiet.next()).done, true, 'the stream ends');
  t.equal((await again(last.id)).status, 204, 'and a browser does not come back');
});

t.test('a job that is deleted, and a gateway that stops', async (t) => {
  const { app, db, headers, urls } = await twoGateways(t);
  const [one, two] = [await insertJob(db, job), await insertJob(db, job)];
  const events = readEvents(await fetch(`${urls[0]}/tasks/${one},${two}/events`, { headers }));
  await next(events);
  await db.query('delete from jobs where id = $1', [one]);
  t.match(await next(events), { event: 'gone', data: [one] });
  await app.close();
  t.equal((await events.next()).done, true, 'ends, and says nothing of an end of the jobs');
});

t.test('refused', async (t) => {
  const { db, headers, urls } = await twoGateways(t);
  const id = await insertJob(db, job);
  const statusOf = async (path: string, more: Record<string, string> = headers) =>
    (await fetch(`${urls[0]}${path}`, { headers: more })).status;
  t.equal(await statusOf(`/tasks/${id}/events`, {}), 401);
  t.equal(await statusOf('/tasks/999999/events'), 404);
  t.equal(await statusOf(`/tasks/${id},x/events`), 404);
  t.equal(await statusOf('/tasks/,/events'), 400);
  t.equal(await statusOf(`/tasks/${id}/events`, { ...headers, 'last-event-id': 'x'.repeat(201) }), 400);
});
