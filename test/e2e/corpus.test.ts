/** The real input of the benchmarks, 750 MB of Debian packages, through the front door and every reader. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import t from 'tap';
import { buildCorpus } from '../../bench/corpus.ts';
import { digestFile, readers } from '../support/readers/index.ts';
import { makeSampleProfile } from '../support/sample-profile.ts';
import { startServices } from '../support/services.ts';
import { needTool } from '../support/tools.ts';

t.test('the real input becomes an archive every reader agrees on', async (t) => {
  for (const tool of [
    'apt-get',
    'dpkg-deb',
    'xorriso',
    'genisoimage',
    ...readers.flatMap(({ tools }) => tools),
  ]) {
    if (!needTool(t, tool)) return;
  }
  const files = await buildCorpus(join(tmpdir(), 'osimage-corpus'));
  const { client } = await startServices(t);
  const folder = await mkdtemp(join(tmpdir(), 'osimage-corpus-test-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const orders = files.map((file) => ({
    ...file,
    ...(file.imageType === 'OS' && { os: 'win', osrelease: 'win2016' }),
  }));
  const profileId = await makeSampleProfile(client, orders, 'corpus', 'Standard');

  const { jobID, filename } = await client.export(profileId);
  const task = await client.ended(jobID);
  t.equal(task.status, 'Complete', JSON.stringify(task.error));
  const archive = join(folder, filename);
  const download = await client.fetch('GET', `/osImages/${filename}`);
  await pipeline(Readable.fromWeb(download.body!), createWriteStream(archive));
  t.equal(await digestFile(archive), `${task.size} ${task.sha256}`);

  const expected: Record<string, string> = {};
  for (const file of files.filter(({ imageType }) => imageType !== 'OS'))
    expected[file.name] = await digestFile(file.path);
  for (const reader of readers) {
    const listing = await reader.read(archive);
    const byName = Object.fromEntries(
      Object.entries(listing)
        .filter(([path]) => /^profile\/(drivers|boot|config|scripts|software|unattend)\//.test(path))
        .map(([path, digest]) => [path.split('/').at(-1)!, digest]),
    );
    t.strictSame(byName, expected, `${reader.name}: names, sizes and digests`);
    for (const [path, digest] of Object.entries(listing)) {
      const folderHash = /^profile\/(?:drivers|boot|scripts|software)\/([0-9a-f]{16})\//.exec(path)?.[1];
      if (folderHash !== undefined && !digest.split(' ')[1]!.startsWith(folderHash))
        t.fail(`${reader.name}: ${path} lies in the wrong folder`);
    }
  }
});
