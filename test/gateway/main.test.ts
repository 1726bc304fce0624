/** The gateway as a process: how it starts, what it prints and logs, how it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { createTestDatabase } from '../support/database.ts';
import { bareEnvironment } from '../support/environment.ts';
import { basic } from '../support/gateway.ts';

interface Started {
  /** What it sends when it is ready; undefined when it ended first. */
  ready: { ready: true; url: string } | undefined;
  stop(signal: NodeJS.Signals): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Takes away the channel to its parent. */
  disconnect(): Promise<{ code: number | null }>;
}

/** Gives it when it is ready, has logged `until`, or has ended. */
async function start(t: Test, env: NodeJS.ProcessEnv, until?: RegExp): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-gateway-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const main = join(import.meta.dirname, '../../services/gateway/main.ts');
  const child = spawn(process.execPath, [...process.execArgv, main], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...bareEnvironment(), DATA_DIR: folder, GATEWAY_PORT: '0', LOG_LEVEL: 'debug', ...env },
  });
  t.teardown(() => child.kill('SIGKILL'));
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const output = Promise.all([text(child.stdout!), text(child.stderr!)]);
  const logged = new Promise<undefined>((resolve) => {
    child.stderr!.on('data', (data) => until?.test(String(data)) && resolve(undefined));
  });
  const ready = await Promise.race([
    once(child, 'message').then(([message]) => message as Started['ready']),
    exit.then(() => undefined),
    logged,
  ]);
  return {
    ready,
    stop: async (signal) => {
      child.kill(signal);
      const [code] = await exit;
      const [stdout, stderr] = await output;
      return { code, stdout, stderr };
    },
    disconnect: async () => {
      child.disconnect();
      return { code: (await exit)[0] };
    },
  };
}

t.test('the first account is made once; a generated password is printed once and logged never', async (t) => {
  const { url: DATABASE_URL, db } = await createTestDatabase(t);
  const [one, two] = await Promise.all([start(t, { DATABASE_URL }), start(t, { DATABASE_URL })]);
  const { rows } = await db.query<{ name: string; role: string; password_hash: string }>(
    'select * from users',
  );
  t.match(rows, [{ name: 'USERID', role: 'lxc-supervisor', password_hash: /^\$argon2id\$/ }]);
  t.equal(rows.length, 1, 'although two started at once');
  const signIn = (password: string) =>
    fetch(`${one.ready?.url}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ UserId: 'USERID', password }),
    });
  t.equal((await signIn('guess-of-a-password')).status, 403);
  const ends = await Promise.all([one.stop('SIGTERM'), two.stop('SIGINT')]);
  const printed = ends.map((end) => end.stdout).join('');
  const password =
    /^first account USERID with password (\S{20,}) \(shown only now\)\n$/.exec(printed)?.[1] ?? '';
  t.ok(password, printed);
  for (const end of ends) {
    t.equal(end.code, 0);
    t.notMatch(end.stderr, password);
    t.notMatch(end.stderr, 'guess-of-a-password');
    for (const line of end.stderr.trim().split('\n')) t.type(JSON.parse(line), 'object');
  }
  const third = await start(t, { DATABASE_URL });
  const answer = await fetch(`${third.ready?.url}/aicc`, { headers: basic('USERID', password) });
  t.equal(answer.status, 200, 'it is the right one');
  const end = await third.stop('SIGTERM');
  t.equal(end.stdout, '', 'never again');
  for (const secret of [password, basic('USERID', password).authorization.slice(6)])
    t.notMatch(end.stderr, secret);
  t.match(end.stderr, /"path":"\/aicc".*"user":"USERID"/);
});

t.test('a session and a known client hold at every gateway', async (t) => {
  const { url: DATABASE_URL } = await createTestDatabase(t);
  const DATA_DIR = await mkdtemp(join(tmpdir(), 'osimage-gateway-'));
  t.teardown(() => rm(DATA_DIR, { recursive: true, force: true }));
  const env = { DATABASE_URL, DATA_DIR, ADMIN_PASSWORD: 'Given-Passw0rd' };
  const one = await start(t, env);
  const two = await start(t, env);
  const signIn = (url: string | undefined, password: string, cookie = '') =>
    fetch(`${url}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify({ UserId: 'USERID', password }),
    });
  const answer = await signIn(one.ready?.url, 'Given-Passw0rd');
  const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '');
  const cookie = (name: string) => cookies.find((one) => one.startsWith(`${name}=`));
  const there = await fetch(`${two.ready?.url}/tasks`, { headers: { cookie: cookie('JSESSIONID') ?? '' } });
  t.equal(there.status, 200);
  let status = 403;
  for (let tries = 0; tries < 30 && status === 403; tries += 1)
    status = (await signIn(two.ready?.url, `guess ${tries}`)).status;
  t.equal(status, 429);
  const token = cookie('JSESSIONID')?.split('=')[1] ?? '';
  const forged = await fetch(`${two.ready?.url}/sessions/${token}`, {
    method: 'DELETE',
    headers: { cookie: cookie('JSESSIONID') ?? '' },
  });
  t.equal(forged.status, 403, 'without the CSRF header');
  t.equal((await signIn(two.ready?.url, 'Given-Passw0rd', cookie('knownClient'))).status, 200);
  const ends = await Promise.all([one.stop('SIGTERM'), two.stop('SIGTERM')]);
  t.match(ends[1].stderr, /"DELETE","path":"\/sessions\/…"/);
  for (const { stderr } of ends) t.notOk(stderr.includes(token), 'a cookie is never logged');
});

t.test('a given password is not printed', async (t) => {
  const { url: DATABASE_URL } = await createTestDatabase(t);
  const env = { DATABASE_URL, ADMIN_USER: 'root of all', ADMIN_PASSWORD: 'Given-Passw0rd' };
  const gateway = await start(t, env);
  const answer = await fetch(`${gateway.ready?.url}/aicc`, {
    headers: basic('root of all', 'Given-Passw0rd'),
  });
  t.equal(answer.status, 200);
  const end = await gateway.stop('SIGTERM');
  t.equal(end.stdout, '');
  t.notMatch(end.stderr, 'Given-Passw0rd');
});

t.test('a password or a name that is not good enough for the first account is one line', async (t) => {
  const { url: DATABASE_URL, db } = await createTestDatabase(t);
  for (const [env, line] of [
    [{ ADMIN_PASSWORD: 'secret' }, /^gateway: ADMIN_PASSWORD cannot be used: .*fewer than 8.*\n$/m],
    [{ ADMIN_PASSWORD: 'Password1' }, /^gateway: ADMIN_PASSWORD cannot be used: .*guessed first.*\n$/m],
    [{ ADMIN_USER: 'a:b' }, /^gateway: ADMIN_USER cannot be used: .*colon.*\n$/m],
  ] as const) {
    const gateway = await start(t, { DATABASE_URL, ...env });
    t.equal(gateway.ready, undefined);
    const { code, stdout, stderr } = await gateway.stop('SIGTERM');
    t.equal(code, 2);
    t.match(stderr, line);
    t.equal(stdout, '');
  }
  t.equal((await db.query('select from users')).rowCount, 0);
  const good = await start(t, { DATABASE_URL, ADMIN_PASSWORD: 'choose-a-password' });
  t.ok(good.ready);
  await good.stop('SIGTERM');
  const later = await start(t, { DATABASE_URL, ADMIN_PASSWORD: 'short' });
  t.ok(later.ready, 'not looked at once there is an account');
  await later.stop('SIGTERM');
});

t.test('a start that cannot listen makes no account whose password nobody has seen', async (t) => {
  const { url: DATABASE_URL } = await createTestDatabase(t);
  const taken = createServer().listen(0, '127.0.0.1');
  t.teardown(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const failed = await start(t, { DATABASE_URL, GATEWAY_PORT: String(port) });
  t.equal(failed.ready, undefined);
  const end = await failed.stop('SIGTERM');
  t.equal(end.code, 1);
  t.match(end.stderr, /^gateway: .*EADDRINUSE.*\n$/);
  t.equal(end.stdout, '');
  const gateway = await start(t, { DATABASE_URL });
  const { stdout } = await gateway.stop('SIGTERM');
  t.match(stdout, /password \S+/);
});

t.test('told to stop while it waits for its database, it does', async (t) => {
  for (const how of ['stop', 'disconnect'] as const) {
    const gateway = await start(t, { DATABASE_URL: 'postgres://127.0.0.1:1/x' }, /waiting for the database/);
    const { code } = how === 'stop' ? await gateway.stop('SIGTERM') : await gateway.disconnect();
    t.equal(code, 0);
  }
});

t.test('it ends with the process that started it', async (t) => {
  const { url: DATABASE_URL } = await createTestDatabase(t);
  const gateway = await start(t, { DATABASE_URL });
  t.equal((await gateway.disconnect()).code, 0);
});

t.test('a setting that cannot be used ends it with one line', async (t) => {
  for (const [env, line] of [
    [{}, /^gateway: DATABASE_URL must be set.*\n$/],
    [{ DATABASE_URL: 'mysql://x' }, /^gateway: DATABASE_URL must start with.*\n$/],
    [
      { DATABASE_URL: 'postgres://127.0.0.1:1/x', TLS_CERT: '/nonexistent' },
      /^gateway: TLS_CERT needs TLS_KEY as well\n$/,
    ],
    [
      { DATABASE_URL: 'postgres://127.0.0.1:1/x', PACKAGER_ADDRESS: 'dns:///packagers.example:50051' },
      /^gateway: PACKAGER_ADDRESS must be on loopback, not packagers\.example, unless .* are set\n$/,
    ],
    [
      { DATABASE_URL: 'postgres://127.0.0.1:1/x', GATEWAY_PORT: 'http' },
      /^gateway: GATEWAY_PORT must be a port.*\n$/,
    ],
    [
      { DATABASE_URL: 'postgres://127.0.0.1:1/x', SESSIONS_PER_USER: '0' },
      /^gateway: SESSIONS_PER_USER must be a whole number from 1.*\n$/,
    ],
    [
      { DATABASE_URL: 'postgres://127.0.0.1:1/x', SECRET_KEY_OLD: 'a,b' },
      /^gateway: SECRET_KEY_OLD must be 32 bytes.*\n$/,
    ],
  ] as const) {
    const gateway = await start(t, env);
    t.equal(gateway.ready, undefined);
    const { code, stdout, stderr } = await gateway.stop('SIGTERM');
    t.equal(code, 2);
    t.match(stderr, line);
    t.equal(stdout, '');
  }
});

t.test('a certificate that cannot be used ends it with one line', async (t) => {
  const env = { DATABASE_URL: 'postgres://127.0.0.1:1/x', TLS_CERT: '/nonexistent', TLS_KEY: '/nonexistent' };
  const gateway = await start(t, env);
  const { code, stderr } = await gateway.stop('SIGTERM');
  t.equal(code, 1);
  t.equal(stderr, 'gateway: TLS_CERT: /nonexistent cannot be read (ENOENT).\n');
});
