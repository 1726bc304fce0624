/** Guessing is slowed down, and cannot be used to lock somebody else out. */
import t from 'tap';
import { createThrottle } from '../../services/gateway/auth/throttle.ts';
import { basic, createTestGateway, userName, userPassword } from '../support/gateway.ts';

/** Attempts until one is refused; gives the seconds it must wait. */
function refusal(attempt: () => void): number {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      attempt();
    } catch (error) {
      return Number((error as { params: { seconds: number } }).params.seconds);
    }
  }
  return 0;
}

t.test('waits grow, end at a minute, and are forgotten', async (t) => {
  let time = 0;
  const throttle = createThrottle(() => time);
  const attempt = () => throttle.attempt('a', '192.0.2.1');
  const waits: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const seconds = refusal(attempt);
    waits.push(seconds);
    time += seconds * 1000;
  }
  t.same(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
  t.doesNotThrow(() => throttle.attempt('a', '192.0.2.2'), 'another address');
  t.doesNotThrow(() => throttle.attempt('b', '192.0.2.1'), 'another account');
  throttle.succeeded('a', '192.0.2.1');
  t.equal(refusal(attempt), 1, 'a right password starts afresh');
  time += 16 * 60_000;
  t.equal(refusal(attempt), 1, 'so does a quiet time');
});

t.test('it remembers a bounded number of pairs', async (t) => {
  const throttle = createThrottle(() => 0);
  refusal(() => throttle.attempt('a', '192.0.2.1'));
  for (let other = 0; other < 10_000; other += 1) throttle.attempt(`user ${other}`, '192.0.2.1');
  t.doesNotThrow(() => throttle.attempt('a', '192.0.2.1'));
});

t.test('a guesser gets 429 and when to come back; the owner elsewhere gets in', async (t) => {
  const { app } = await createTestGateway(t);
  const guess = () =>
    app.inject({ method: 'POST', url: '/sessions', payload: { UserId: userName, password: 'guess' } });
  let answer = await guess();
  for (let tries = 0; tries < 20 && answer.statusCode === 403; tries += 1) answer = await guess();
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

t.test('many right requests at once are one attempt', async (t) => {
  const { app } = await createTestGateway(t);
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => app.inject({ url: '/aicc', headers: basic() })),
  );
  t.ok(answers.every((answer) => answer.statusCode === 200));
});
