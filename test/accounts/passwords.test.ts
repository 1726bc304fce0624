/** Hashes of passwords: how they are made, what fits one, and what a check takes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { hashPassword, passwordFits } from '@osimage/accounts';
import t from 'tap';

t.test('the hash is argon2id with the parameters OWASP names, and takes a password as it is', async (t) => {
  const hash = await hashPassword(' ä:字 ');
  t.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  t.ok(await passwordFits(hash, ' ä:字 '));
  t.notOk(await passwordFits(hash, 'ä:字'));
  t.notOk(await passwordFits(undefined, ' ä:字 '));
  t.notOk(await passwordFits(undefined, ''));
});

/** In a process of its own: peak and present memory are the system's figures of a whole process, kB. */
const firstCheck = `
  import { readFileSync, writeFileSync } from 'node:fs';
  import { passwordFits } from '@osimage/accounts';
  const memory = (name) => Number(new RegExp(name + ':\\\\s+(\\\\d+)').exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  writeFileSync('/proc/self/clear_refs', '5');
  const before = memory('VmRSS');
  await passwordFits(process.env.HASH || undefined, 'a password');
  console.log(memory('VmHWM') - before);
`;

// The hash that stands in for a missing one was computed beside the first check: 40 MB at once instead of 20.
for (const HASH of [await hashPassword('another'), '']) {
  t.test(`the first check ${HASH ? 'with' : 'without'} a hash takes the memory of one`, async (t) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', firstCheck],
      {
        cwd: `${import.meta.dirname}/../..`,
        env: { ...process.env, HASH },
      },
    );
    const megabytes = (Number(stdout) * 1024) / 1e6;
    t.ok(megabytes > 15, `${megabytes} MB are the work of a check`);
    t.ok(megabytes < 30, `${megabytes} MB are one check's`);
  });
}
