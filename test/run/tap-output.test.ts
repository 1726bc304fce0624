/** What `npm test` reads out of the test runner's output: files, counts, missing tools; never a false success. */
import t from 'tap';
import { type FileResult, TapOutput } from '../../scripts/tap-output.ts';

const passing = `TAP version 14
1..2
# Subtest: test/a/one.test.ts
    ok 1 - not ok 7 - only a name
    ok 2 - missing tool: sshd # SKIP missing tool: sshd
    1..2
ok 1 - test/a/one.test.ts # time=1520.5ms

# Subtest: test/b/two.test.ts
    ok 1 - fine
    1..1
ok 2 - test/b/two.test.ts # time=20ms

# { total: 3, pass: 2, skip: 1 }
# time=2000ms`;

const failing = `TAP version 14
1..2
# Subtest: test/a/one.test.ts
    not ok 1 - wrong
      ---
      diff: ok 9 - test/c/three.test.ts
      ...
    1..1
not ok 1 - test/a/one.test.ts # time=15ms
  ---
  exitCode: 1
  signal: null
  ...

# Subtest: test/b/two.test.ts
    ok 1 - fine
    1..1
ok 2 - test/b/two.test.ts # time=20ms

# { total: 2, pass: 1, fail: 1 }`;

function read(text: string) {
  const files: FileResult[] = [];
  const output = new TapOutput((file) => files.push(file));
  for (const line of text.split('\n')) output.line(line);
  const rest = output.rest();
  return { output, files, rest };
}

t.test('a run that passed', async (t) => {
  const { output, files } = read(passing);
  t.match(files, [
    { ok: true, name: 'test/a/one.test.ts', seconds: '1.5' },
    { ok: true, name: 'test/b/two.test.ts', seconds: '0.0' },
  ]);
  t.same(output.totals(0), { passed: 2, failed: 0 });
  t.same([...output.missingTools], ['sshd']);
});

t.test('a run with a failure keeps all that was said about it, and nothing else', async (t) => {
  const { output, files } = read(failing);
  t.match(
    files.map(({ ok, name }) => ({ ok, name })),
    [
      { ok: false, name: 'test/a/one.test.ts' },
      { ok: true, name: 'test/b/two.test.ts' },
    ],
  );
  t.match(files[0]?.output.join('\n'), /not ok 1 - wrong.*exitCode: 1/s);
  t.notMatch(files[0]?.output.join('\n'), /two/);
  t.same(output.totals(1), { passed: 1, failed: 1 });
});

t.test('a run that broke off is a failure, whatever it said before', async (t) => {
  const cut = passing.slice(0, passing.indexOf('# { total'));
  t.same(read(cut).output.totals(0), { passed: 0, failed: 1 }, 'without its totals');
  t.same(read(passing).output.totals(1), { passed: 2, failed: 1 }, 'with a bad exit code');
  t.same(read('').output.totals(0), { passed: 0, failed: 1 });
  const failedLast = read(failing.slice(0, failing.indexOf('  signal: null')));
  t.equal(failedLast.files.length, 1, 'the last failure is told too');
  t.equal(failedLast.output.totals(1).failed, 1);
});
