/** What `npm test` reads out of a test file's output: counts, missing tools, and never a false success. */
import t from 'tap';
import { readTap } from '../../scripts/tap-output.ts';

const passing = `TAP version 14
# Subtest: one
    ok 1 - not ok 7 - only a name
    ok 2 - missing tool: sshd # SKIP missing tool: sshd
    # { total: 99, pass: 1, fail: 98 }
    1..2
ok 1 - one # time=1520.5ms
1..1
# { total: 3, pass: 2, skip: 1 }
# time=2000ms
`;

const failing = `TAP version 14
not ok 1 - wrong
  ---
  diff: "# { total: 7, pass: 7 }"
  ...
ok 2 - fine
1..2
# { total: 2, pass: 1, fail: 1 }
`;

t.test('a file that passed', async (t) => {
  t.same(readTap(passing, 0), { passed: 2, failed: 0, missingTools: ['sshd'] });
});

t.test('a file that failed', async (t) => {
  t.same(readTap(failing, 1), { passed: 1, failed: 1, missingTools: [] });
});

t.test('a file that broke off has failed, whatever it said before', async (t) => {
  const cut = passing.slice(0, passing.indexOf('# { total: 3'));
  t.equal(readTap(cut, 0).failed, 1, 'without its totals');
  t.equal(readTap(passing, 1).failed, 1, 'with a bad exit code');
  t.equal(readTap(passing, null).failed, 1, 'killed');
  t.equal(readTap('', 0).failed, 1, 'without a word');
});
