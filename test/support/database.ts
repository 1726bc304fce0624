/** A database of its own for each test file: migrated, empty, and gone afterwards. */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, migrate, openDatabase, startEmbedded } from '@osimage/database';
import root, { type Test } from 'tap';

export interface TestDatabase {
  url: string;
  db: Database;
}

/**
 * Makes a fresh migrated database and removes it at the end of `t`. It lies on the server of `npm test`
 * (TEST_DATABASE_URL), or on an embedded one of this test file alone.
 */
export async function createTestDatabase(t: Test): Promise<TestDatabase> {
  const url = await createEmptyDatabase(t, await ensureTemplate(await serverUrl()));
  const db = openDatabase(url, { name: 'test' });
  t.teardown(() => db.close());
  return { url, db };
}

/** Makes a fresh database without any tables, or a copy of `template`, and removes it at the end of `t`. */
export async function createEmptyDatabase(t: Test, template = 'template0'): Promise<string> {
  const server = await serverUrl();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(server, (admin) => admin.query(`create database ${name} template ${template}`));
  t.teardown(() => asAdmin(server, (admin) => admin.query(`drop database if exists ${name} with (force)`)));
  return named(server, name);
}

let own: Promise<string> | undefined;

function serverUrl(): Promise<string> {
  if (process.env.TEST_DATABASE_URL) return Promise.resolve(process.env.TEST_DATABASE_URL);
  own ??= startOwn();
  return own;
}

async function startOwn(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'osimage-test-'));
  await chmod(dataDir, 0o711);
  const embedded = await startEmbedded({ dataDir, durable: false, temporary: true });
  // At the end of the whole file, and after the databases on it are dropped: teardowns run last to first.
  root.teardown(() => embedded.stop());
  return embedded.url;
}

/** A template with all migrations, made once for each state of the migration files. */
async function ensureTemplate(server: string): Promise<string> {
  const folder = join(import.meta.dirname, '../../packages/database/migrations');
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(join(folder, file)));
  const name = `template_${hash.digest('hex').slice(0, 16)}`;
  await asAdmin(server, (admin) =>
    admin.transaction(async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(hashtext('osimage test template'))`);
      const found = await tx.query('select 1 from pg_database where datname = $1', [name]);
      if (found.rowCount) return;
      // Under another name until it is whole.
      await asAdmin(server, async (other) => {
        await other.query(`drop database if exists ${name}_new with (force)`);
        await other.query(`create database ${name}_new template template0`);
        await migrate(named(server, `${name}_new`));
        await other.query(`alter database ${name}_new rename to ${name}`);
      });
    }),
  );
  return name;
}

async function asAdmin<Result>(server: string, work: (admin: Database) => Promise<Result>): Promise<Result> {
  const admin = openDatabase(named(server, 'postgres'), { max: 2, name: 'test admin' });
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

function named(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}
