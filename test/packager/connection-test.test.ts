// The test of a connection whose time is up: it says so, whatever it was waiting for, and lets go of the server.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { insertServer } from '@osimage/database';
import { loadSecretKey, seal } from '@osimage/secrets';
import { loadSettings } from '@osimage/settings';
import t from 'tap';
import { startBuiltInServer } from '../../samples/sftp-server.ts';
import { testConnection } from '../../services/packager/connection-test/test-connection.ts';
import type { PackagerContext } from '../../services/packager/context.ts';
import { onlyHere } from '../support/addresses.ts';
import { createTestDatabase } from '../support/database.ts';
import { serverRow } from '../support/server-row.ts';
import { until } from '../support/until.ts';

t.test('a server that lets us in and then answers nothing', async (t) => {
  const { db } = await createTestDatabase(t);
  const folder = await mkdtemp(join(tmpdir(), 'osimage-slow-'));
  // Every answer comes too late from the beginning.
  const server = await startBuiltInServer({ folder, faults: { muteAfter: 0 } });
  t.teardown(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });
  const settings = loadSettings({ DATA_DIR: t.testdir({}) });
  const secrets = await loadSecretKey(settings);
  const row = serverRow({
    address: server.address,
    port: server.port,
    username: server.username,
    password: seal(secrets, server.password, 'server/1/password'),
    default_path: server.folder,
    host_keys: [server.hostKey],
  });
  await insertServer(db, row, 'tester');
  const context = { db, settings, secrets, addresses: onlyHere } as unknown as PackagerContext;
  const actor = { user: 'tester', requestId: 'r' };
  const late = new AbortController();
  const testing = testConnection(context, '1', actor, new AbortController().signal, late.signal);
  await until(() => server.logins > 0 && (server.faults.muted ?? 0) > 0);
  late.abort(new DOMException('the time is up', 'TimeoutError'));
  const { findings, promoted } = await testing;
  const wrong = findings.filter(({ outcome }) => outcome === 'wrong');
  t.match(wrong, [{ subject: 'folder', problem: { code: 'connection_test_slow' } }]);
  t.match(wrong[0]?.text, /not over after 30 seconds/);
  t.match(
    findings.map(({ subject, outcome }) => `${subject} ${outcome}`),
    ['address right', 'hostKey right', 'login right', 'folder wrong', 'space unknown'],
  );
  t.equal(promoted, false);
  await until(() => server.connections.size === 0);
  t.strictSame(await readdir(folder), []);
});
