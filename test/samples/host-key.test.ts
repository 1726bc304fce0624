/** Host keys of sample servers: of those that ssh2 makes, one in 256 is no key for anybody. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';
import t from 'tap';
import { newHostKey } from '../../samples/host-key.ts';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);
// Of so many some would be wrong, but for one time in a thousand.
const keys = Array.from({ length: 2_000 }, newHostKey);

t.test('ssh2 reads each private half', async (t) => {
  t.equal(keys.filter((key) => ssh2.utils.parseKey(key.private) instanceof Error).length, 0);
});

t.test('OpenSSH reads each public half', async (t) => {
  const program = needTool(t, 'ssh-keygen');
  if (program === undefined) return;
  const path = join(t.testdir({}), 'keys.pub');
  await writeFile(path, keys.map((key) => `${key.public}\n`).join(''));
  const { stdout } = await run(program, ['-l', '-f', path]);
  t.equal(stdout.trimEnd().split('\n').length, keys.length);
});
