/** The sample files: what they say they are, checked by other programs, and the same each time. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { checkContent, checkFileName, familyOf, identifyMedia, predefinedProfiles } from '@osimage/os-media';
import t from 'tap';
import { buildSamples, buildWindowsSamples, type Sample } from '../../samples/build.ts';
import { makeFolder } from '../os-media/images.ts';
import { kickstartFaults } from '../os-media/kickstart-check.ts';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);

t.test('samples', async (t) => {
  const folder = await makeFolder(t);
  const linux = await buildSamples(folder);
  const windows = await buildWindowsSamples(folder);
  const file = (name: string) => [...linux, ...windows].find((sample) => sample.name === name)!;

  await t.test('are what they say', async (t) => {
    for (const sample of [...linux, ...windows]) {
      const { imageType, name, path, os } = sample;
      t.equal(basename(path), name);
      t.doesNotThrow(() => checkFileName(imageType, name, os), name);
      await t.resolves(checkContent(imageType, name, path), name);
      t.not(sample.description, '', name);
    }
    for (const { name, os } of linux)
      t.equal(familyOf(os), 'rhel', `${name} fits a profile of the sample image`);
    t.strictSame(
      [...new Set([...linux, ...windows].map(({ imageType }) => imageType))].sort(),
      ['BOOT', 'CONFIG', 'DUD', 'OS', 'SCRIPT', 'SOFTWARE', 'UNATTEND'],
      'one of each type',
    );
  });

  await t.test('the base image has the id sample', async (t) => {
    const image = linux[0]!;
    t.equal(image.imageType, 'OS');
    const identity = await identifyMedia(image.path, image);
    t.match(identity, { family: 'rhel', osrelease: 'sample', arch: 'x86_64', name: 'Sample Linux 1.0' });
    t.ok(
      predefinedProfiles(identity, identity.osrelease).some(
        ({ id }) => id === 'sample|sample-x86_64-install-Minimal',
      ),
    );
  });

  await t.test('are the same bytes each time', async (t) => {
    const other = await makeFolder(t);
    const again = [...(await buildSamples(other)), ...(await buildWindowsSamples(other))];
    const bytes = (samples: readonly Sample[]) => Promise.all(samples.map(({ path }) => readFile(path)));
    t.strictSame(await bytes(again), await bytes([...linux, ...windows]));
  });

  await t.test('other programs find nothing wrong', async (t) => {
    await t.resolves(run('tar', ['-tzf', file('web-payload-1.0.0.tar.gz').path]));
    await t.resolves(run('sh', ['-n', file('configure-web.sh').path]));
    t.strictSame(kickstartFaults(await readFile(file('web.ks').path, 'utf8'), 9), []);
    const sevenZip = needTool(t, '7z');
    if (sevenZip) for (const { path } of windows) await t.resolves(run(sevenZip, ['t', path]), path);
    const python = needTool(t, 'python3');
    if (!python) return;
    for (const { path, name } of windows) {
      await t.resolves(
        run(python, [
          '-c',
          'import sys, zipfile; sys.exit(bool(zipfile.ZipFile(sys.argv[1]).testzip()))',
          path,
        ]),
        name,
      );
    }
    const inventory = await run(python, [file('report_inventory.py').path]);
    t.match(JSON.parse(inventory.stdout), { architecture: /./, processors: Number });
  });
});
