/** From one installation to another with only the same base image, and out again: the same bytes (issue of the contract). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { buildSamples } from '../../samples/build.ts';
import type { ImportOrder, RestClient } from '../support/client.ts';
import { makeSampleProfile } from '../support/sample-profile.ts';
import { startServices } from '../support/services.ts';

async function archiveOf(client: RestClient, profileId: string): Promise<Buffer> {
  const { jobID, filename } = await client.export(profileId);
  const task = await client.ended(jobID);
  if (task.status !== 'Complete') throw new Error(JSON.stringify(task));
  return Buffer.from(await (await client.fetch('GET', `/osImages/${filename}`)).arrayBuffer());
}

t.test('export, import elsewhere, export again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-round-trip-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const samples: ImportOrder[] = await buildSamples(join(folder, 'samples'));
  const large = join(folder, 'large.sh');
  await writeFile(large, `#!/bin/sh\n${Array.from({ length: 200_000 }, (_, n) => `echo ${n}\n`).join('')}`);
  for (const name of ['größe 設定 🚀.sh', 'the same under another name.sh'])
    samples.push({ imageType: 'SCRIPT', path: large, name, os: 'rhels', description: 'mit – Umlaut ä' });

  const here = await startServices(t);
  const profileId = await makeSampleProfile(here.client, samples);
  const first = await archiveOf(here.client, profileId);
  const path = join(folder, 'web.tar.gz');
  await writeFile(path, first);
  const archive = { imageType: 'OSPROFILE', path, name: 'web.tar.gz' };

  const there = await startServices(t);
  const lacking = await there.client.import(archive);
  t.match(lacking, { status: 'StoppedWithError', percentage: 100, error: { code: 'base_image_missing' } });
  await there.client.imported(samples.find(({ imageType }) => imageType === 'OS')!);

  const upload = async (query: string) => {
    const jobId = await there.client.createImport('OSPROFILE', first.length);
    const form = new FormData();
    form.set('uploadedfile', new Blob([first]), 'web.tar.gz');
    await there.client.ok('POST', `${there.client.uploadPath(jobId, archive)}${query}`, form);
    return await there.client.ended(jobId);
  };
  t.match(await upload('&check=true'), { status: 'Complete', step: 'checked, nothing was kept' });
  t.equal((await there.client.fetch('GET', `/osImages/${encodeURIComponent(profileId)}`)).status, 404);

  t.equal(await there.client.imported(archive), profileId);
  t.ok((await archiveOf(there.client, profileId)).equals(first), 'byte for byte');
  t.match(await upload(''), { status: 'Complete', step: 'done, it was here already' });
  t.match(await upload('&onConflict=rename'), { objectId: profileId }, 'what is here already is not doubled');
  const { items } = await there.client.ok<{ items: { profiles: { id: string; type: string }[] }[] }>(
    'GET',
    '/osImages',
  );
  t.strictSame(
    items
      .flatMap(({ profiles }) => profiles)
      .filter(({ type }) => type === 'custom')
      .map(({ id }) => id),
    [profileId],
  );
});
