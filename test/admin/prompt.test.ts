/** At a terminal the password is asked for, twice, and not shown. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { adminMain } from '../support/admin.ts';
import { createTestDatabase } from '../support/database.ts';
import { bareEnvironment } from '../support/environment.ts';
import { needTool } from '../support/tools.ts';

/** Runs the command at a terminal, answers each question that ends in ": ", and gives all that was on the screen. */
async function atTerminal(
  t: Test,
  url: string,
  answers: string[],
): Promise<{ code: number; screen: string } | undefined> {
  const script = needTool(t, 'script');
  if (script === undefined) return undefined;
  const command = `'${process.execPath}' '${adminMain}' user add ann --role lxc-admin`;
  const child = spawn(script, ['-qec', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...bareEnvironment(), DATABASE_URL: url, SHELL: '/bin/sh', TERM: 'dumb' },
  });
  let screen = '';
  let asked = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const questions = screen.split(': ').length - 1;
    for (; asked < questions && asked < answers.length; asked += 1) child.stdin.write(answers[asked]!);
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, screen };
}

t.test('asked twice, never shown', async (t) => {
  const { url, db } = await createTestDatabase(t);
  const run = await atTerminal(t, url, ['a long enough secret\r', 'a long enough secret\r']);
  if (!run) return;
  t.equal(run.code, 0, run.screen);
  t.match(run.screen, /New password for ann: \r\nOnce more: \r\nann is an account/);
  t.notMatch(run.screen, 'secret');
  t.equal((await db.query(`select from users where name = 'ann'`)).rowCount, 1);
});

t.test('two that differ, and Ctrl-C', async (t) => {
  const { url, db } = await createTestDatabase(t);
  for (const [answers, message] of [
    [['a long enough secret\r', 'another long secret\r'], /the two passwords differ/],
    [['a long\u0003'], /no password was given/],
  ] as [string[], RegExp][]) {
    const run = await atTerminal(t, url, answers);
    if (!run) return;
    t.equal(run.code, 2, run.screen);
    t.match(run.screen, message);
    t.notMatch(run.screen, 'a long');
  }
  t.equal((await db.query('select from users')).rowCount, 0);
});
