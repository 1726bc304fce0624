/** `npm start`: everything up, kept up, and gone again however it ends. */
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeEmbedded } from '@osimage/database';
import t, { type Test } from 'tap';
import { RestClient } from '../support/client.ts';
import { bareEnvironment } from '../support/environment.ts';
import { isAlive, type Program, runProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

const script = join(import.meta.dirname, '../../scripts/run.mjs');
const password = 'Passw0rd-of-the-tests';

function start(t: Test, env: NodeJS.ProcessEnv): Program {
  const free = {
    GATEWAY_PORT: '0',
    PACKAGER_LISTEN: '127.0.0.1:0',
    ADMIN_PASSWORD: password,
    LOG_LEVEL: 'error',
  };
  return runProgram(t, script, { args: ['start'], env: { ...bareEnvironment(), ...free, ...env } });
}

async function dataFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-start-'));
  await chmod(folder, 0o711);
  t.teardown(async () => {
    await removeEmbedded(folder);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

async function readyUrl(program: Program): Promise<string> {
  return (await program.line((line) => line.startsWith('ready '))).slice('ready '.length);
}

/** The child of `parent` whose command line contains `part`. */
function childOf(parent: number, part: string): number | undefined {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  return children.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(part) && isAlive(pid);
    } catch {
      return false;
    }
  });
}

function processesOf(program: Program, dataDir: string): number[] {
  const postmaster = Number.parseInt(
    readFileSync(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8'),
    10,
  );
  const children = ['packager/main.ts', 'gateway/main.ts', 'keeper.ts'].map(
    (part) => childOf(program.pid, part) ?? 0,
  );
  return [program.pid, postmaster, ...children];
}

t.test('a wrong setting is one line and exit code 2', async (t) => {
  for (const [env, line] of [
    [{ GATEWAY_PORT: 'eighty' }, 'GATEWAY_PORT must be a port, 0 to 65535\n'],
    [{ DATABASE_URL: 'mysql://somewhere' }, 'DATABASE_URL must start with postgres://\n'],
    [
      { ADMIN_PASSWORD: '', ADMIN_PASSWORD_FILE: '/nonexistent' },
      'ADMIN_PASSWORD_FILE names a file that cannot be read: /nonexistent\n',
    ],
  ] as const) {
    const program = start(t, env);
    t.equal(await program.ended(), 2);
    t.equal(program.errors(), line);
  }
});

t.test('a database that is not there is waited for, and one line says so', async (t) => {
  const program = start(t, {
    DATA_DIR: await dataFolder(t),
    DATABASE_URL: 'postgresql:///osimage?host=/nonexistent',
    LOG_LEVEL: 'warn',
  });
  await until(() => program.errors().includes('waiting for the database'));
  t.match(program.errors(), /^\{.*"why":"connect ENOENT \/nonexistent.*\}\n$/);
  program.child.kill('SIGTERM');
  t.equal(await program.ended(), 0);
});

t.test('up, kept up, and down', async (t) => {
  const dataDir = await dataFolder(t);
  const program = start(t, { DATA_DIR: dataDir, SAMPLES: '1' });
  const url = await readyUrl(program);
  const client = new RestClient(url, 'USERID', password);
  const profile = 'sample|sample-x86_64-install-web';
  const exportWorks = async () => {
    const { jobID } = await client.export(profile);
    return (await client.ended(jobID)).status === 'Complete';
  };
  t.ok(await exportWorks(), 'the sample profile is there at once');

  await t.test('a second start on the folder refuses, with one line', async (t) => {
    const second = start(t, { DATA_DIR: dataDir });
    t.equal(await second.ended(), 1);
    t.match(second.errors(), /^\S+ is in use by another running start; .*\n$/);
  });

  await t.test('a busy port is one line', async (t) => {
    const second = start(t, { DATA_DIR: await dataFolder(t), GATEWAY_PORT: new URL(url).port });
    t.equal(await second.ended(), 1);
    t.match(second.errors(), new RegExp(`^gateway: [^\\n]*${new URL(url).port}[^\\n]*\\n$`));
  });

  for (const part of ['packager/main.ts', 'gateway/main.ts', 'keeper.ts']) {
    await t.test(`${part} is started again when it is killed`, async (t) => {
      const before = childOf(program.pid, part);
      t.ok(before);
      process.kill(before ?? 0, 'SIGKILL');
      const after = await until(() => {
        const now = childOf(program.pid, part);
        return now !== before && now;
      });
      t.not(after, before);
      t.ok(await until(() => exportWorks().catch(() => false)));
    });
  }

  await t.test('SIGTERM ends everything, the database cleanly and last', async (t) => {
    const all = processesOf(program, dataDir);
    t.ok(all.every(isAlive));
    program.child.kill('SIGTERM');
    t.equal(await program.ended(), 0);
    t.same(all.filter(isAlive), []);
    t.match(
      await readFile(join(dataDir, 'postgres/postgres.log'), 'utf8'),
      /database system is shut down\n$/,
    );
  });

  await t.test('the next start finds everything; kill -9 leaves nothing running', async (t) => {
    const again = start(t, { DATA_DIR: dataDir, SAMPLES: '1', ADMIN_PASSWORD: 'is-not-looked-at-now' });
    const next = new RestClient(await readyUrl(again), 'USERID', password);
    t.equal((await next.ok<unknown[]>('GET', '/tasks')).length > 4, true);
    const all = processesOf(again, dataDir);
    t.ok(all.every(isAlive));
    again.child.kill('SIGKILL');
    await until(() => all.every((pid) => !isAlive(pid)));
    t.match(
      await readFile(join(dataDir, 'postgres/postgres.log'), 'utf8'),
      /database system is shut down\n$/,
    );
  });
});

t.test('SIGTERM to npm ends what `npm start` started', async (t) => {
  const npm = process.env.npm_execpath ?? '';
  if (!npm.endsWith('.js')) {
    t.pass('not run by npm', { skip: 'the tests were not started with npm' });
    return;
  }
  const dataDir = await dataFolder(t);
  const program = runProgram(t, npm, {
    args: ['start', '--prefix', join(import.meta.dirname, '../..')],
    env: {
      ...bareEnvironment(),
      ...{ DATA_DIR: dataDir, ADMIN_PASSWORD: password, LOG_LEVEL: 'error' },
      ...{ GATEWAY_PORT: '0', PACKAGER_LISTEN: '127.0.0.1:0' },
    },
  });
  await readyUrl(program);
  const started = childOf(program.pid, 'scripts/run.mjs') ?? 0;
  const postmaster = Number.parseInt(
    await readFile(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8'),
    10,
  );
  t.ok([started, postmaster].every(isAlive));
  program.child.kill('SIGTERM');
  await program.ended();
  await until(() => ![started, postmaster].some(isAlive));
  t.match(await readFile(join(dataDir, 'postgres/postgres.log'), 'utf8'), /database system is shut down\n$/);
});
