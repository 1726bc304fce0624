/** Guessing is slowed down, and cannot be used to lock somebody else out (ASVS 6.1.1 and 6.3.1). */
import t from 'tap';
import { createThrottle, type Guess } from '../../services/gateway/auth/throttle.ts';
import { basic, createTestGateway, userName, userPassword } from '../support/gateway.ts';

const minute = 60_000;
const guess = (account: string, address: string, knownClient?: string): Guess => ({
  account,
  address,
  knownClient,
});

/** A throttle on a clock of the test. */
function throttleAt() {
  const clock = { time: 0 };
  const throttle = createThrottle(() => clock.time);
  /** Whether an attempt is let pass; it counts as failed. */
  const passes = (one: Guess) => {
    try {
      throttle.attempt(one);
      return true;
    } catch {
      return false;
    }
  };
  /** Makes attempts until one is refused; gives the seconds it must wait. */
  const refusal = (next: () => Guess, most = 1_000): number => {
    for (let tries = 0; tries < most; tries += 1) {
      try {
        throttle.attempt(next());
      } catch (error) {
        return Number((error as { params: { seconds: number } }).params.seconds);
      }
    }
    return 0;
  };
  return { clock, throttle, passes, refusal };
}

t.test('one account from one address: waits grow, end at a minute, and are forgotten', async (t) => {
  const { clock, throttle, passes, refusal } = throttleAt();
  const one = () => guess('a', '192.0.2.1');
  const waits: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const seconds = refusal(one);
    waits.push(seconds);
    clock.time += seconds * 1000;
  }
  t.same(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  t.ok(passes(guess('a', '192.0.2.2')), 'another address');
  t.ok(passes(guess('b', '192.0.2.1')), 'another account');
  throttle.attempt(one())();
  t.equal(refusal(one), 1, 'a right password starts afresh');
  clock.time += 16 * minute;
  t.equal(refusal(one), 1, 'so does a quiet time');
});

t.test('many accounts from one address', async (t) => {
  const { clock, passes, refusal } = throttleAt();
  let count = 0;
  const next = () => guess(`user ${count++}`, '192.0.2.1');
  t.equal(refusal(next), 1);
  t.equal(count, 51, 'fifty are free');
  let passed = 0;
  for (const end = clock.time + 60 * minute; clock.time < end; clock.time += 500) {
    if (passes(next())) passed += 1;
  }
  t.ok(passed >= 55 && passed <= 70, `about one a minute: ${passed} in an hour`);
  t.ok(passes(guess('user 1', '192.0.2.2')), 'nobody elsewhere notices');
});

t.test('an address is not cleared by signing in to an account of its own between guesses', async (t) => {
  const { throttle, refusal } = throttleAt();
  let count = 0;
  t.equal(
    refusal(() => {
      throttle.attempt(guess('own', '192.0.2.1'))();
      return guess(`user ${count++}`, '192.0.2.1');
    }),
    1,
  );
  t.ok(count <= 51, `${count}`);
});

t.test('a script with an old password does not spoil its address for others', async (t) => {
  const { clock, passes } = throttleAt();
  for (; clock.time < 600 * minute; clock.time += minute / 2) passes(guess('old', '192.0.2.1'));
  for (let other = 0; other < 30; other += 1) t.ok(passes(guess(`user ${other}`, '192.0.2.1')));
});

t.test('one account from many addresses: one guess each, then they wait for minutes', async (t) => {
  const { clock, passes, refusal } = throttleAt();
  let from = 0;
  for (; from < 100; from += 1) passes(guess('a', `198.51.100.${from}`));
  const waits: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    const seconds = refusal(() => guess('a', '203.0.113.1'));
    waits.push(seconds);
    clock.time += seconds * 1000;
    passes(guess('a', `198.51.100.${100 + round}`));
  }
  t.same(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600]);
  t.ok(passes(guess('a', '192.0.2.77')), 'the owner, who has not failed from there, is looked at');
  t.ok(passes(guess('b', '203.0.113.2')), 'other accounts are left alone');
  t.ok(passes(guess('b', '203.0.113.2')));
});

t.test('a client that signed in before is counted by itself, whatever others do', async (t) => {
  const { passes, refusal } = throttleAt();
  for (let from = 0; from < 200; from += 1) passes(guess('a', `198.51.100.${from}`));
  let count = 0;
  refusal(() => guess(`user ${count++}`, '192.0.2.1'));
  t.notOk(passes(guess('a', '192.0.2.1')), 'its address waits');
  t.ok(passes(guess('a', '192.0.2.1', 'mine')), 'it does not');
  t.equal(
    refusal(() => guess('a', '192.0.2.1', 'mine')),
    1,
    'and it cannot be used for guessing either',
  );
});

t.test('half an IPv6 address is one customer', async (t) => {
  const { passes, refusal } = throttleAt();
  let host = 1;
  t.equal(
    refusal(() => guess('a', `2001:db8:0:1::${(host++).toString(16)}`)),
    1,
  );
  for (const same of ['2001:db8:0:1:ffff::', '2001:0db8::1:0:0:0:9', '2001:db8:0:1:2:3:4:5%eth0'])
    t.notOk(passes(guess('a', same)), same);
  for (const other of ['2001:db8:0:2::1', '::1', '::ffff:192.0.2.1']) t.ok(passes(guess('a', other)), other);
  t.equal(
    refusal(() => guess('a', '::ffff:192.0.2.8')),
    1,
  );
  t.notOk(passes(guess('a', '192.0.2.8')), 'IPv4 in IPv6 is IPv4');
});

t.test('it remembers a bounded number of each', async (t) => {
  const { passes, refusal } = throttleAt();
  refusal(() => guess('a', '192.0.2.1'));
  for (let other = 0; other < 10_000; other += 1)
    passes(guess(`user ${other}`, `10.${other >> 8}.${other & 255}.1`));
  t.ok(passes(guess('a', '192.0.2.1')));
});

t.test('a guesser gets 429 and when to come back; the owner elsewhere gets in', async (t) => {
  const { app } = await createTestGateway(t);
  const attempt = () =>
    app.inject({ method: 'POST', url: '/sessions', payload: { UserId: userName, password: 'guess' } });
  let answer = await attempt();
  for (let tries = 0; tries < 20 && answer.statusCode === 403; tries += 1) answer = await attempt();
  t.equal(answer.statusCode, 429);
  t.match(answer.headers['retry-after'], /^[1-9]\d*$/);
  t.match(answer.json(), { result: 'failed', messages: [{ id: 'FQXHMSE9007M' }] });
  const owner = await app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { UserId: userName, password: userPassword },
    remoteAddress: '192.0.2.9',
  });
  t.equal(owner.statusCode, 200);
});

t.test('who signed in here before gets in from the very address that somebody guesses from', async (t) => {
  const { app, addUser, db } = await createTestGateway(t);
  await addUser('other', 'lxc-operator');
  const signIn = (UserId: string, password: string, cookies: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/sessions', payload: { UserId, password }, cookies });
  const first = await signIn(userName, userPassword);
  const cookie = first.cookies.find(({ name }) => name === 'knownClient');
  t.match(cookie, { httpOnly: true, sameSite: 'Strict', path: '/sessions' });
  const knownClient = cookie?.value ?? '';
  const guessUntilRefused = async () => {
    for (let tries = 0; tries < 30; tries += 1)
      if ((await signIn(userName, `guess ${tries}`)).statusCode === 429) return true;
    return false;
  };
  t.ok(await guessUntilRefused());
  t.equal((await signIn(userName, 'mistyped')).statusCode, 429);
  t.equal((await signIn(userName, 'mistyped', { knownClient })).statusCode, 403, 'looked at');
  t.equal((await signIn(userName, userPassword, { knownClient })).statusCode, 200);

  t.equal((await signIn(userName, 'mistyped')).statusCode, 429, 'the guesser still waits');
  const [keyId, id, until, mac] = knownClient.split('.');
  for (const forged of [
    `${keyId}.${id}.${Number(until) + 1}.${mac}`,
    `${keyId}.other.${until}.${mac}`,
    `00000000.${id}.${until}.${mac}`,
    `${keyId}.${id}.${until}.`,
    '...',
    'x'.repeat(3_000),
  ])
    t.equal(
      (await signIn(userName, 'mistyped', { knownClient: forged })).statusCode,
      429,
      forged.slice(0, 80),
    );
  await db.query(`update users set password_hash = password_hash || 'x' where name = $1`, [userName]);
  t.equal(
    (await signIn(userName, 'mistyped', { knownClient })).statusCode,
    429,
    'a changed password ends it',
  );
});

t.test('many right requests at once are one attempt', async (t) => {
  const { app } = await createTestGateway(t);
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => app.inject({ url: '/aicc', headers: basic() })),
  );
  t.ok(answers.every((answer) => answer.statusCode === 200));
});

t.test('a script that runs is not stopped by others who guess at its address', async (t) => {
  const { app } = await createTestGateway(t);
  t.equal((await app.inject({ url: '/aicc', headers: basic() })).statusCode, 200);
  let status = 401;
  for (let tries = 0; tries < 30 && status === 401; tries += 1)
    status = (await app.inject({ url: '/aicc', headers: basic(userName, `guess ${tries}`) })).statusCode;
  t.equal(status, 429);
  t.equal((await app.inject({ url: '/aicc', headers: basic() })).statusCode, 200);
});
