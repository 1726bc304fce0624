// A profile that is changed while an attempt uses it: what the old one was refused with proves nothing.
import { insertServer, lockServer, updateServer } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { loadSecretKey, seal } from '@osimage/secrets';
import { loadSettings } from '@osimage/settings';
import t from 'tap';
import type { PackagerContext } from '../../services/packager/context.ts';
import type { Attempt } from '../../services/packager/jobs/attempt.ts';
import { withServer } from '../../services/packager/jobs/server-access.ts';
import { onlyHere } from '../support/addresses.ts';
import { createTestDatabase } from '../support/database.ts';
import { problemOf } from '../support/delivery.ts';
import { serverRow } from '../support/server-row.ts';

t.test('an attempt refused with the former password is tried again, and uses the new one', async (t) => {
  const { db } = await createTestDatabase(t);
  const settings = loadSettings({ DATA_DIR: t.testdir({}) });
  const secrets = await loadSecretKey(settings);
  const sealed = (text: string) => seal(secrets, text, 'server/1/password');
  const server = serverRow({ password: sealed('old') });
  await insertServer(db, server, 'tester');
  const context = { db, settings, secrets, addresses: onlyHere } as unknown as PackagerContext;
  const attempt = {
    job: { server_id: '1', created_by: 'tester', request_id: '', id: '7' },
    signal: new AbortController().signal,
  } as unknown as Attempt;
  const refused = () => new Problem('login_refused', { address: server.address, username: 'u' });
  const used: string[] = [];

  const changed = await problemOf(
    withServer(context, attempt, async (access) => {
      used.push(access.server.password);
      await lockServer(db, '1');
      await updateServer(db, { ...server, password: sealed('new') }, 'tester');
      throw refused();
    }),
  );
  t.match(changed, { code: 'server_profile_changed', transient: true });
  const final = await problemOf(
    withServer(context, attempt, async (access) => {
      used.push(access.server.password);
      throw refused();
    }),
  );
  t.match(final, { code: 'login_refused', transient: false });
  t.strictSame(used, ['old', 'new']);
});
