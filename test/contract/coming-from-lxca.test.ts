/** The scripts of docs/coming-from-lxca run against this service when nothing but the host name is changed. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectPackager } from '@osimage/packaging-api';
import t from 'tap';
import { installSamples, sampleProfileId } from '../../samples/install.ts';
import { needPython } from '../support/python.ts';
import { startServices } from '../support/services.ts';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);
const scripts = join(import.meta.dirname, '../../docs/coming-from-lxca');
const before = 'https://lxca.example.com';

t.test('the same script before and after', async (t) => {
  const services = await startServices(t);
  const packager = connectPackager(services.packagers[0]!.address);
  t.teardown(() => packager.close());
  const storeRoot = join(services.dataDir, 'store');
  await installSamples({ client: packager, db: services.db, storeRoot, signal: AbortSignal.timeout(60_000) });
  const env = { ...process.env, LXCA_USER: 'USERID', LXCA_PASSWORD: 'Passw0rd-of-the-tests' };

  for (const name of await readdir(scripts)) {
    await t.test(name, async (t) => {
      const program = name.endsWith('.py')
        ? await needPython(t, 'requests', 'python3-requests')
        : needTool(t, 'curl') && needTool(t, 'python3') && needTool(t, 'bash');
      if (!program) return;
      const folder = await mkdtemp(join(tmpdir(), 'osimage-lxca-'));
      t.teardown(() => rm(folder, { recursive: true, force: true }));
      const text = await readFile(join(scripts, name), 'utf8');
      t.equal(text.split(before).length, 2, 'the host name stands there once');
      const script = join(folder, name);
      await writeFile(script, text.replace(before, services.url));
      await chmod(script, 0o700);
      const { stdout } = await run(program, [script, sampleProfileId, folder], { env });
      const archive = await readFile(join(folder, stdout.trim()));
      t.strictSame([...archive.subarray(0, 2)], [0x1f, 0x8b], 'an archive');
    });
  }
});
