/**
 * `npm run bench:scale [-- OPTIONS]`: starting jobs, reading them and listing profiles with a million jobs and 100,000
 * profiles kept, on the real services, with 1, 2 and 4 packager processes. The load comes from autocannon on the same
 * machine. Prints Markdown tables.
 *
 *   --jobs N --profiles N   rows to seed (1000000, 100000)
 *   --seconds N             length of each measure (10)
 *   --packagers N,N,…       numbers of packager processes (1,2,4)
 *   --only WORD,WORD,…      of start, sustained, carry, task, images
 */
import { parseArgs } from 'node:util';
import { describeMachine, type Table, toMarkdown } from './measure.ts';
import { measureCarried } from './scale/carry.ts';
import type { Answers } from './scale/load.ts';
import { profileId } from './scale/seed.ts';
import { type Stack, startStack } from './scale/stack.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '1000000' },
    profiles: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '10' },
    packagers: { type: 'string', default: '1,2,4' },
    only: { type: 'string', default: 'task,images,start,sustained,carry' },
  },
});
const [jobs, profiles, seconds] = [Number(values.jobs), Number(values.profiles), Number(values.seconds)];
const only = new Set(values.only.split(','));
/** Different requests of a measure: enough that no cache of the last ones helps. */
const variety = 5_000;

const cleanUps: (() => Promise<unknown>)[] = [];
const say = (line: string) => process.stderr.write(`scale: ${line}\n`);
const tables: Table[] = [];
try {
  const atEnd = (cleanUp: () => Promise<unknown>) => cleanUps.unshift(cleanUp);
  const stack = await startStack({ runs: 1, say, atEnd }, { jobs, profiles });
  for (const count of values.packagers.split(',').map(Number)) {
    await stack.packagers(count);
    tables.push(await measureAll(stack, count));
  }
} finally {
  for (const cleanUp of cleanUps) await cleanUp();
}
process.stdout.write(`\n${describeMachine()}, ${jobs} jobs and ${profiles} profiles kept\n\n`);
process.stdout.write(tables.map(toMarkdown).join('\n'));
process.exit();

async function measureAll(stack: Stack, packagers: number): Promise<Table> {
  const rows: string[][] = [['', 'a second', 'p50', 'p99', 'longest', 'target']];
  const add = (name: string, { perSecond, p50, p99, longest }: Answers, target: string) => {
    rows.push([name, perSecond.toFixed(0), `${p50} ms`, `${p99} ms`, `${longest} ms`, target]);
    say(rows.at(-1)!.join('  '));
  };
  const load = (paths: string[], connections: number, rate?: number) =>
    stack.get(paths, { connections, seconds, ...(rate !== undefined && { rate }) });

  const tasks = some(jobs, (number) => `/tasks/${number + 1}`);
  const exports = some(profiles, (number) => `/osImages/${idOf(number)}`);
  // New processes compile their code first, what runs often twice, and a database reads its tables in.
  await load(tasks, 20);
  await load(exports, 32);
  await stack.drop();
  if (only.has('task')) {
    add('GET /tasks/{id}, 3,000 a second', await load(tasks, 20, 3_000), 'p99 ≤ 10 ms');
    add('GET /tasks/{id}, 20 connections', await load(tasks, 20), '≥ 3,000 a second');
  }
  const pages = some(profiles, (number) => `/osImages?imageType=OSPROFILE&limit=100&after=${idOf(number)}`);
  if (only.has('images')) add('a page of GET /osImages, 2 connections', await load(pages, 2), 'p99 ≤ 20 ms');
  if (only.has('start')) {
    add('start a job, 100 a second', await load(exports, 20, 100), 'p99 ≤ 25 ms');
    await stack.idle();
  }
  if (only.has('sustained')) {
    add('start jobs, 32 connections', await load(exports, 32), '≥ 500 a second');
    await stack.drop();
  }
  if (only.has('carry')) {
    const perSecond = await measureCarried(stack, seconds);
    rows.push(['jobs done', perSecond.toFixed(0), '', '', '', '']);
    say(rows.at(-1)!.join('  '));
  }
  return { title: `${packagers} packager${packagers === 1 ? '' : 's'}`, rows, data: rows };
}

/** Paths of `variety` numbers below `count`, spread over all of them and in no order. */
function some(count: number, path: (number: number) => string): string[] {
  return Array.from({ length: Math.min(variety, count) }, () => path(Math.floor(Math.random() * count)));
}

function idOf(number: number): string {
  return encodeURIComponent(profileId(number));
}
