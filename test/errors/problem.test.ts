/** Problems: what a caller is told of anything that can be thrown. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { catalogue, isDatabaseAway, Problem, toProblem } from '@osimage/errors';
import t from 'tap';

t.test('the catalogue', (t) => {
  const ids = Object.values(catalogue).map((entry) => entry.id);
  t.equal(new Set(ids).size, ids.length, 'no message id twice');
  for (const [code, entry] of Object.entries(catalogue)) {
    t.match(entry.id, /^FQXHM(FC|SE|JM)9\d{3}M$/, `${code}: an id of our own range`);
    t.ok(entry.http >= 400 && entry.http < 600, `${code}: an error status`);
    t.match(entry.recovery, /\.$/, `${code}: says what to do`);
  }
  t.end();
});

t.test('a problem fills its sentences and survives the way through another process', (t) => {
  const problem = new Problem('no_space', { needed: 10, available: 3, reclaimable: 4, where: 'the store' });
  t.equal(
    problem.message,
    'Not enough space: 10 bytes are needed, 3 are available on the store, 4 could be freed.',
  );
  const again = Problem.fromReport(problem.toJSON());
  t.strictSame(again.toJSON(), problem.toJSON());
  t.equal(Problem.fromReport({ code: 'of another version', text: '', recovery: '' }).code, 'internal');
  t.end();
});

t.test('what is thrown elsewhere', async (t) => {
  const missingFile = await readFile('/no/such/file').catch((error: unknown) => error);
  t.notOk(isDatabaseAway(missingFile), 'a missing file is not a missing database');
  const socket = connect('/no/such/socket');
  const [missingSocket] = await once(socket, 'error');
  t.ok(isDatabaseAway(missingSocket), 'a missing socket is');
  t.equal(
    toProblem(Object.assign(new Error('terminating connection'), { code: '57P01' })).code,
    'unavailable',
  );
  const full = new Error('could not extend file "base/16384/16663": No space left on device');
  t.equal(toProblem(Object.assign(full, { code: '53100' })).code, 'database_full');
  const unknown = toProblem(new Error('a secret of the inside'), 'reference 7');
  t.equal(unknown.code, 'internal');
  t.notMatch(unknown.message, 'secret', 'callers learn less than the log');
  t.match(unknown.message, 'reference 7');
});
