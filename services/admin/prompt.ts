/** Questions at the terminal whose answers are not shown. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from './command.ts';

/**
 * Gives an answer to each question. They go to standard error, so that standard output holds only the result.
 * Throws UsageError on Ctrl-C.
 */
export function askHidden(questions: readonly string[]): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  const answers: string[] = [];
  // What a terminal would show goes here.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // Before the first question: from here on, the terminal itself shows nothing either.
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  process.stderr.write(questions[0] ?? '');
  lines.on('line', (line) => {
    answers.push(line);
    process.stderr.write(`\n${questions[answers.length] ?? ''}`);
    if (answers.length === questions.length) {
      resolve(answers);
      lines.close();
    }
  });
  lines.on('SIGINT', () => {
    process.stderr.write('\n');
    lines.close();
  });
  // After the last answer this changes nothing.
  lines.on('close', () => reject(new UsageError('no password was given')));
  return promise;
}
