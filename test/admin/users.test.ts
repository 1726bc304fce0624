/** Accounts over the command line, with a gateway that runs. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { adminFor } from '../support/admin.ts';
import { basic, createTestGateway, userName, userPassword } from '../support/gateway.ts';

const good = 'a long enough secret';

t.test('an account from its beginning to its end', async (t) => {
  const { app, db, databaseUrl } = await createTestGateway(t);
  const admin = adminFor({ DATABASE_URL: databaseUrl });
  const status = async (name: string, password: string) =>
    (await app.inject({ url: '/aicc', headers: basic(name, password) })).statusCode;
  const sessionOf = async (UserId: string, password: string) => {
    const answer = await app.inject({ method: 'POST', url: '/sessions', payload: { UserId, password } });
    return answer.cookies.find(({ name }) => name === 'JSESSIONID')?.value ?? '';
  };
  const sessionStatus = async (token: string) =>
    (await app.inject({ url: '/aicc', headers: { cookie: `JSESSIONID=${token}` } })).statusCode;

  const added = await admin(
    ['user', 'add', 'ann', '--role', 'lxc-operator', '--password-stdin'],
    `${good}\n`,
  );
  t.match(added, { code: 0, stdout: /^ann is an account with role lxc-operator\n$/, stderr: '' });
  t.equal(await status('ann', good), 200);
  const { rows } = await db.query<{ password_hash: string }>(`select * from users where name = 'ann'`);
  t.match(rows[0]?.password_hash, /^\$argon2id\$/);

  const first = await sessionOf('ann', good);
  t.equal(await sessionStatus(first), 200);
  const role = await admin(['user', 'role', 'ann', 'lxc-os-admin', '--json']);
  t.match(role, { code: 0, stderr: '' });
  t.same(JSON.parse(role.stdout), { user: { name: 'ann', role: 'lxc-os-admin' } });
  t.equal(await sessionStatus(first), 401, 'another role ends sessions');

  const second = await sessionOf('ann', good);
  const generated = await admin(['user', 'password', 'ann', '--generate', '--json']);
  t.equal(generated.code, 0);
  const { password } = JSON.parse(generated.stdout) as { password: string };
  t.equal(await sessionStatus(second), 401, 'another password ends sessions');
  t.same([await status('ann', good), await status('ann', password)], [401, 200]);

  const third = await sessionOf('ann', password);
  t.equal((await admin(['user', 'disable', 'ann'])).code, 0);
  t.same([await sessionStatus(third), await status('ann', password)], [401, 401]);
  t.equal((await admin(['user', 'enable', 'ann'])).code, 0);
  t.same(
    [await sessionStatus(third), await status('ann', password)],
    [401, 200],
    'sessions do not come back',
  );

  const list = await admin(['user', 'list', '--json']);
  t.match(JSON.parse(list.stdout), {
    users: [
      { name: 'USERID', role: 'lxc-supervisor', disabled: false, sessions: 0 },
      { name: 'ann', role: 'lxc-os-admin', disabled: false, created: /^\d{4}-/, passwordChanged: /^\d{4}-/ },
    ],
  });
  t.notMatch(list.stdout, 'argon2');
  t.match(
    (await admin(['user', 'list'])).stdout,
    /^NAME +ROLE +STATE +CREATED\nUSERID +lxc-supervisor +enabled .*\nann /,
  );
  t.equal(await status(userName, userPassword), 200, 'others are left alone');
});

t.test('what is refused says why, changes nothing and fails with 1', async (t) => {
  const { db, databaseUrl, addUser } = await createTestGateway(t);
  const admin = adminFor({ DATABASE_URL: databaseUrl });
  await addUser('second', 'lxc-supervisor');
  await db.query(`update users set disabled = true where name = 'second'`);
  const state = async () => {
    const { rows } = await db.query<{ all: string }>(
      'select jsonb_agg(users order by name)::text as all from users',
    );
    return createHash('sha256')
      .update(rows[0]?.all ?? '')
      .digest('hex');
  };
  const before = await state();
  const add = (name: string) => ['user', 'add', name, '--role', 'lxc-admin', '--password-stdin'];
  for (const [args, input, code, message] of [
    [add('USERID'), good, 'account_exists', /There is an account USERID already/],
    [add('userid'), good, 'account_exists', /USERID already/],
    [add('a:b'), good, 'account_name_unusable', /colon/],
    [add(''), good, 'account_name_unusable', /empty/],
    [add('ann'), 'short', 'password_too_weak', /fewer than 8/],
    [add('ann'), 'password1', 'password_too_weak', /guessed first/],
    [add('annabelle'), 'AnnaBelle12', 'password_too_weak', /name of the account/],
    [['user', 'password', 'USERID', '--password-stdin'], 'qwertyuiop\n', 'password_too_weak', /guessed/],
    [['user', 'password', 'nobody', '--generate'], '', 'account_unknown', /no account nobody/],
    [['user', 'role', 'nobody', 'lxc-admin'], '', 'account_unknown', /no account nobody/],
    [['user', 'disable', 'nobody'], '', 'account_unknown', /no account nobody/],
    [['user', 'disable', 'USERID'], '', 'last_supervisor', /only supervisor/],
    [['user', 'role', 'USERID', 'lxc-admin'], '', 'last_supervisor', /only supervisor/],
  ] as const) {
    const plain = await admin(args, input);
    t.match(plain, { code: 1, stdout: '', stderr: message }, args.join(' '));
    t.equal(plain.stderr.split('\n').length, 2, 'one line');
    const json = await admin([...args, '--json'], input);
    t.match(json, { code: 1, stdout: '' });
    t.match(JSON.parse(json.stderr), { error: { code, id: /^FQXHMSE91/, text: message, recovery: String } });
  }
  t.equal(await state(), before);
  t.equal((await admin(['user', 'enable', 'second'])).code, 0);
  t.equal((await admin(['user', 'disable', 'USERID'])).code, 0, 'another supervisor is there now');
});

t.test('called wrongly: exit code 2, one line, no database needed', async (t) => {
  const admin = adminFor({ DATABASE_URL: 'postgres://127.0.0.1:1/x' });
  for (const [args, message, input] of [
    [[], /a command is needed/],
    [['user'], /no command user;/],
    [['user', 'remove', 'x'], /no command user remove/],
    [['user', 'add'], /it must be: user add NAME/],
    [['user', 'add', 'a', 'b'], /it must be/],
    [['user', 'add', 'ann'], /--role/],
    [['user', 'add', 'ann', '--role', 'root'], /no role.*lxc-supervisor/],
    [['user', 'add', 'ann', '--role', 'lxc-admin'], /no terminal/],
    [['user', 'add', 'ann', '--role', 'lxc-admin', '--generate', '--password-stdin'], /either/],
    [['user', 'add', 'ann', '--role', 'lxc-admin', '--password-stdin'], /one line/, ''],
    [['user', 'add', 'ann', '--role', 'lxc-admin', '--password-stdin'], /one line/, `${good}\n${good}\n`],
    [['user', 'add', 'ann', '--role', 'lxc-admin', '--password-stdin'], /one line/, 'x'.repeat(100_000)],
    [['user', 'add', 'ann', '--password', 'secret'], /--password/],
    [['user', 'list', '--role', 'lxc-admin'], /user list has no option --role/],
    [['user', 'role', 'ann', 'toString'], /no role/],
    [['rotate-secrets', 'now'], /it must be: rotate-secrets/],
  ] as [string[], RegExp, string?][]) {
    const run = await admin(args, input);
    t.match(run, { code: 2, stdout: '', stderr: message }, args.join(' '));
    t.equal(run.stderr.split('\n').length, 2, `one line: ${run.stderr}`);
  }
  const json = await admin(['user', '--json']);
  t.match(JSON.parse(json.stderr), { error: { code: 'usage', text: String } });
  t.match(await adminFor({ DATABASE_URL: 'mysql://x' })(['user', 'list']), {
    code: 2,
    stderr: /DATABASE_URL/,
  });
  t.match(await admin(['--help']), {
    code: 0,
    stdout: /user add NAME[\s\S]*rotate-secrets[\s\S]*Exit codes/,
    stderr: '',
  });
});

t.test('two demotions at once leave a supervisor', async (t) => {
  const { databaseUrl, addUser, db } = await createTestGateway(t);
  await addUser('second', 'lxc-supervisor');
  const admin = adminFor({ DATABASE_URL: databaseUrl });
  const runs = await Promise.all(
    ['USERID', 'second'].map((name) => admin(['user', 'role', name, 'lxc-operator'])),
  );
  t.same(runs.map(({ code }) => code).sort(), [0, 1]);
  const { rowCount } = await db.query(`select from users where role = 'lxc-supervisor'`);
  t.equal(rowCount, 1);
});

t.test('every change is in the audit trail, also a refused one; passwords are not', async (t) => {
  const { db, databaseUrl } = await createTestGateway(t);
  const admin = adminFor({ DATABASE_URL: databaseUrl });
  await admin(['user', 'add', 'ann', '--role', 'lxc-admin', '--password-stdin'], good);
  await admin(['user', 'disable', 'USERID']);
  await admin(['user', 'list']);
  const { rows } = await db.query<{ all: string }>('select * from audit order by id');
  t.match(rows, [
    { source: 'command line', action: 'account.add', objects: ['ann'], outcome: 'success', code: null },
    {
      source: 'command line',
      user_name: /./,
      action: 'account.disable',
      objects: ['USERID'],
      outcome: 'refused',
      code: 'last_supervisor',
    },
  ]);
  t.equal(rows.length, 2);
  t.notMatch(JSON.stringify(rows), good);
});
