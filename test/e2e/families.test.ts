/** A base image of each family through the front door: identified, customized, exported with its unattend file. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { makeFolder, makeIso } from '../os-media/images.ts';
import { startServices } from '../support/services.ts';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);

interface Medium {
  family: string;
  files: Record<string, string>;
  image: { id: string; osrelease: string; osBuildId: string; type: string };
  /** End of the predefined profile that is customized. */
  kind: string;
  os: string;
  unattend: [name: string, content: string];
  /** A line of the predefined file. */
  predefined: RegExp;
}

const media: Medium[] = [
  {
    family: 'sles',
    files: { 'media.1/media': 'SUSE - SLE-15-SP6-Full-x86_64-Build710.3-Media\n' },
    image: { id: 'sles15.6', osrelease: 'sles15.6', osBuildId: '', type: 'sles' },
    kind: 'Virtualization-KVM',
    os: 'sles',
    unattend: ['autoinst.xml', '<?xml version="1.0"?>\n<!DOCTYPE profile>\n<profile/>\n'],
    predefined: /<user_password>!<\/user_password>/,
  },
  {
    family: 'ubuntu',
    files: {
      '.disk/info': 'Ubuntu-Server 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827)\n',
      'casper/vmlinuz': 'kernel',
    },
    image: { id: 'ubuntu24.04.1', osrelease: 'ubuntu24.04.1', osBuildId: '', type: 'ubuntu' },
    kind: 'Server',
    os: 'ubuntu',
    unattend: ['user-data', '#cloud-config\nautoinstall: {version: 1}\n'],
    predefined: /^autoinstall:$/m,
  },
  {
    family: 'esxi',
    files: { 'BOOT.CFG': 'title=Loading ESXi installer\nkernel=/b.b00\nbuild=8.0.3-0.0.24022510\n' },
    image: { id: 'esxi8.0.3', osrelease: 'esxi8.0.3', osBuildId: '24022510', type: 'esxi' },
    kind: 'Virtualization',
    os: 'esxi',
    unattend: ['ks.cfg', 'vmaccepteula\n'],
    predefined: /^vmaccepteula$/m,
  },
];

t.test('SLES, Ubuntu and ESXi', async (t) => {
  const xorriso = needTool(t, 'xorriso');
  const bsdtar = needTool(t, 'bsdtar');
  if (!xorriso || !bsdtar) return;
  const { client } = await startServices(t);
  const folder = await makeFolder(t);
  const unattendIds = new Map<string, string>();
  const baseIds = new Map<string, string>();

  for (const medium of media) {
    await t.test(medium.family, async (t) => {
      const path = await makeIso(t, xorriso, medium.files, medium.family === 'esxi' ? [] : undefined);
      const id = await client.imported({ imageType: 'OS', path, name: `${medium.family}.iso` });
      t.equal(id, medium.image.id);
      const { items } = await client.ok<{ items: { id: string }[] }>('GET', '/osImages');
      t.match(
        items.find((item) => item.id === id),
        medium.image,
      );

      const [name, content] = medium.unattend;
      await writeFile(join(folder, name), content);
      const unattendId = await client.imported({
        imageType: 'UNATTEND',
        path: join(folder, name),
        name,
        os: medium.os,
      });
      const baseId = `${id}|${id}-x86_64-install-${medium.kind}`;
      unattendIds.set(medium.family, unattendId);
      baseIds.set(medium.family, baseId);
      const profileId = await client.createProfile(baseId, {
        name: 'mine',
        customizationOptions: { unattendOptions: { unattendFileIds: [unattendId] } },
      });
      const { jobID, filename } = await client.export(profileId);
      t.match(await client.ended(jobID), { status: 'Complete' });
      const archive = join(folder, filename);
      const answer = await client.fetch('GET', `/osImages/${filename}`);
      await writeFile(archive, Buffer.from(await answer.arrayBuffer()));
      const names = (await run(bsdtar, ['-tf', archive])).stdout.split('\n');
      t.ok(names.some((member) => member.startsWith('profile/unattend/') && member.endsWith(`/${name}`)));
      const own = names.find((member) => member.startsWith('profile/unattend-predefined/')) ?? '';
      t.match((await run(bsdtar, ['-xOf', archive, own])).stdout, medium.predefined, own);
    });
  }

  await t.test('the unattend file of one family does not fit a profile of another', async (t) => {
    for (const [family, baseId] of baseIds) {
      for (const [other, fileId] of unattendIds) {
        if (other === family) continue;
        const answer = await client.fetch('POST', `/osImages/${encodeURIComponent(baseId)}`, {
          profile: { name: 'x', customizationOptions: { unattendOptions: { unattendFileIds: [fileId] } } },
        });
        t.equal(answer.status, 400, `${other} in ${family}`);
        t.match(await answer.json(), { messages: [{ text: `is for ${other}, not for` }] });
      }
    }
  });

  await t.test('what a family has no use for is refused', async (t) => {
    const esxi = baseIds.get('esxi') ?? '';
    const create = async (customizationOptions: object) =>
      await client.fetch('POST', `/osImages/${encodeURIComponent(esxi)}`, {
        profile: { name: 'x', customizationOptions },
      });
    for (const options of [
      { installScriptOptions: { installScriptIds: ['x'] } },
      { deployDataAndSoftwareLocation: '/opt' },
    ]) {
      const answer = await create(options);
      t.equal(answer.status, 400, JSON.stringify(options));
      t.match(await answer.json(), { messages: [{ text: /is not possible with esxi8\.0\.3/ }] });
    }
    const mine = await client.createProfile(esxi, { name: 'plain', customizationOptions: {} });
    const changed = await client.fetch('PUT', `/osImages/${encodeURIComponent(mine)}`, {
      profile: { customizationOptions: { deployDataAndSoftwareLocation: '/opt' } },
    });
    t.equal(changed.status, 400);
    t.match(await changed.json(), { messages: [{ text: /is not possible with esxi8\.0\.3/ }] });
    const other = await client.fetch('PUT', `/osImages/${unattendIds.get('sles')}?imageType=UNATTEND`, {
      unattendFile: { content: '<unattend/>' },
    });
    t.equal(other.status, 400, 'new content must be of the same system');
    t.match(await other.json(), { messages: [{ text: /root element is not <profile>/ }] });
    const jobId = await client.createImport('SCRIPT');
    const form = new FormData();
    form.set('uploadedfile', new Blob(['echo']), 'a.sh');
    const path = client.uploadPath(jobId, { imageType: 'SCRIPT', name: 'a.sh', os: 'esxi' });
    const refused = await client.fetch('POST', path, form);
    t.equal(refused.status, 400);
    t.match(await refused.json(), { messages: [{ text: /not for VMware ESXi/ }] });
  });

  await t.test('a system that is not supported says so', async (t) => {
    const path = await makeIso(t, xorriso, {
      'media.1/media': 'SUSE - SLES-16.0-Full-x86_64-Build1-Media\n',
    });
    t.match(await client.import({ imageType: 'OS', path, name: 'sles16.iso' }), {
      status: 'StoppedWithError',
      error: {
        code: 'os_not_supported',
        text: /SUSE Linux Enterprise Server 16\.0, whose installer is Agama/,
      },
    });
  });
});
