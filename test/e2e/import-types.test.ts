/** Texts by content and signed bundles through the front door, listed and deleted (contract, sections 4 to 6). */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { buildZip } from '../../samples/zip.ts';
import { startServices } from '../support/services.ts';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);

interface ListedFile {
  id: string;
  name: string;
  type: string;
  size: number;
}

t.test('a bundle comes after its signature, and goes like any file', async (t) => {
  const gpg = needTool(t, 'gpg');
  if (gpg === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'gpg-'));
  t.teardown(async () => {
    await run('gpgconf', ['--homedir', folder, '--kill', 'all']).catch(() => {});
    await rm(folder, { recursive: true, force: true });
  });
  const sign = ['--homedir', folder, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', ''];
  await run(gpg, [...sign, '--quick-generate-key', 'releaser', 'rsa3072', 'sign', 'never']);
  const keyring = join(folder, 'keyring.asc');
  await run(gpg, [...sign, '--armor', '--output', keyring, '--export', 'releaser']);
  const [bundle, signature] = [join(folder, 'win2022.zip'), join(folder, 'win2022.asc')];
  await writeFile(bundle, buildZip([{ path: 'nic.inf', content: Buffer.from('[Version]\r\n') }]));
  await run(gpg, [...sign, '--armor', '--output', signature, '--detach-sign', bundle]);

  const { client } = await startServices(t, { env: { BUNDLE_KEYRING: keyring } });
  const order = { imageType: 'BUNDLE', path: bundle, name: 'win2022.zip', description: 'Drivers' };
  t.match(await client.import(order), {
    status: 'StoppedWithError',
    error: { code: 'bundle_signature_missing' },
  });
  const signatureId = await client.imported({ imageType: 'BUNDLESIG', path: signature, name: 'win2022.asc' });
  const id = await client.imported(order);
  const listed = async () => (await client.ok<{ bundleFiles: ListedFile[] }>('GET', '/osImages')).bundleFiles;
  t.match(
    (await listed()).sort((a, b) => (a.type < b.type ? -1 : 1)),
    [
      { id, name: 'win2022.zip', description: 'Drivers', type: 'BUNDLE', size: Number },
      { id: signatureId, name: 'win2022.asc', type: 'BUNDLESIG' },
    ],
  );
  await client.ok('DELETE', `/osImages/${id},${signatureId}`, {});
  t.strictSame(await listed(), []);
});

t.test('unattend and configuration files come as text', async (t) => {
  const { client } = await startServices(t);
  const send = async (imageType: string, imageName: string, content: string) => {
    const created = await client.ok<{ jobId: string }>(
      'POST',
      `/osImages?imageType=${imageType}&importByContent=true`,
      { Action: 'Init' },
    );
    const query = `jobId=${created.jobId}&imageType=${imageType}&imageName=${imageName}&os=rhels`;
    await client.ok('POST', `/files/osImages?${query}`, { content });
    return await client.ended(created.jobId);
  };
  t.match(await send('UNATTEND', 'auto.ks', 'text\nlang en_US\n'), { status: 'Complete', size: 16 });
  t.match(await send('CONFIG', 'web.json', '{"größe": 1}'), { status: 'Complete' });
  t.match(
    await send('CONFIG', 'no.json', 'not JSON'),
    { error: { code: 'wrong_content' } },
    'checked like a file',
  );
  const { configFiles, unattendFiles } = await client.ok<Record<string, ListedFile[]>>('GET', '/osImages');
  t.match(configFiles, [{ name: 'web.json', size: 14 }]);
  t.match(unattendFiles, [{ name: 'auto.ks' }]);
});
