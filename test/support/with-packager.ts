/** The gateway's application with a real packager of its own, both in the test's process. */
import { randomBytes } from 'node:crypto';
import { connectPackager } from '@osimage/packaging-api';
import { loadSettings } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import type { Test } from 'tap';
import { startPackager } from '../../services/packager/packager.ts';
import { createTestGateway, type TestGateway } from './gateway.ts';

/** Makes both for `t`; `more` are settings of the packager. */
export async function withPackager(t: Test, more: NodeJS.ProcessEnv = {}): Promise<TestGateway> {
  // What one of them seals the other one opens.
  const SECRET_KEY = randomBytes(32).toString('base64');
  return await createTestGateway(t, {
    env: { SECRET_KEY },
    packager: async (databaseUrl) => {
      const env = {
        DATA_DIR: t.testdir(),
        PACKAGER_LISTEN: '127.0.0.1:0',
        DRAIN_SECONDS: '0',
        SECRET_KEY,
        ...more,
      };
      const packager = await startPackager(
        loadSettings(env),
        databaseUrl,
        createLogger('packager', 'silent'),
      );
      t.teardown(() => packager.stop());
      return connectPackager(packager.address);
    },
  });
}
