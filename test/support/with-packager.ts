/** The gateway's application with a real packager of its own, both in the test's process. */
import { connectPackager } from '@osimage/packaging-api';
import { loadSettings } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import type { Test } from 'tap';
import { startPackager } from '../../services/packager/packager.ts';
import { createTestGateway, type TestGateway } from './gateway.ts';

/** Makes both for `t`. */
export async function withPackager(t: Test): Promise<TestGateway> {
  return await createTestGateway(t, {
    packager: async (databaseUrl) => {
      const env = { DATA_DIR: t.testdir(), PACKAGER_LISTEN: '127.0.0.1:0', DRAIN_SECONDS: '0' };
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
