/** The predefined unattend files, checked by tools nobody here wrote and against public documentation. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkContent, type MediaIdentity, predefinedProfiles } from '@osimage/os-media';
import fc from 'fast-check';
import t from 'tap';
import { xmlFault } from '../../packages/os-media/xml.ts';
import { needTool } from '../support/tools.ts';
import { autoinstallFaults } from './autoinstall-check.ts';
import { makeFile } from './images.ts';
import { kickstartFaults } from './kickstart-check.ts';

const run = promisify(execFile);

function filesOf(
  family: MediaIdentity['family'],
  version: string,
  arch = 'x86_64',
  name = 'Some System',
  os = 'x',
) {
  const identity = { family, os, osrelease: 'x', version, arch, buildId: '', name };
  return predefinedProfiles(identity, 'x').flatMap((profile) => profile.unattend);
}

t.test('Kickstart files have the commands their release has', async (t) => {
  for (const [version, release] of [
    ['7.9', 7],
    ['8.10', 8],
    ['9.4', 9],
    ['10.0', 10],
    ['', 9],
  ] as const) {
    for (const file of filesOf('rhel', version))
      t.strictSame(kickstartFaults(file.content, release), [], `${version} ${file.name}`);
  }
  const texts = filesOf('rhel', '9.4').map((file) => file.content);
  t.match(texts[0], '@^minimal-environment\n');
  t.match(texts[1], '@^server-product-environment\n');
  t.match(texts[2], '@^virtualization-host-environment\n');
  t.match(filesOf('rhel', '7.9')[0]!.content, '@^minimal\n', 'groups had other names in release 7');
});

t.test('the Kickstart check finds faults', async (t) => {
  const [file] = filesOf('rhel', '9.4');
  const broken: [from: string, to: string, fault: RegExp][] = [
    ['rootpw --lock', '', /rootpw is missing/],
    ['zerombr', 'zerombrr', /no command zerombrr/],
    ['--vckeymap', '--vckeys', /keyboard has no --vckeys/],
    ['autopart --type=lvm', '', /partitions are missing/],
    ['text\n', 'text\ngraphical\n', /no command graphical|not exactly one mode/],
    ['@^minimal-environment', '@^minimal environment', /no package/],
    ['set -eu', 'if then', /no shell script/],
    ['%end\n\n%addon', '\n%addon', /section in a section/],
    ['cdrom\n', 'cdrom\ncdrom\n', /2 times/],
  ];
  for (const [from, to, fault] of broken) {
    const text = file!.content.replace(from, to);
    t.not(text, file!.content, from);
    t.match(kickstartFaults(text, 9).join('\n'), fault, from);
  }
});

t.test('preseed files are what debconf-set-selections takes', async (t) => {
  const tool = needTool(t, 'debconf-set-selections');
  if (!tool) return;
  const folder = await mkdtemp(join(tmpdir(), 'osimage-debconf-'));
  t.teardown(() => rm(folder, { recursive: true }));
  // A database of its own: the check works as any user.
  const env = { ...process.env, DEBCONF_DB_OVERRIDE: `File{${join(folder, 'config.dat')}}` };
  const check = async (content: string) =>
    await run(tool, ['-c', await makeFile(t, 'preseed.cfg', content)], { env });
  for (const version of ['11.9', '12.5', '13.0', '']) {
    for (const file of filesOf('debian', version)) {
      t.equal((await check(file.content)).stderr, '', `${version} ${file.name}`);
    }
  }
  t.match((await check('d-i foo/bar strin x\n')).stderr, /Unknown type/, 'the tool finds faults');
});

t.test('preseed files follow their release and kind', async (t) => {
  const [minimal, basic] = filesOf('debian', '12.5');
  t.match(minimal!.content, /^tasksel tasksel\/first multiselect $/m);
  t.match(basic!.content, /^tasksel tasksel\/first multiselect standard, ssh-server$/m);
  t.match(minimal!.content, 'apt-setup/non-free-firmware');
  t.notMatch(filesOf('debian', '11.9')[0]!.content, 'non-free-firmware', 'an area that release 12 brought');
  const keys = basic!.content.match(/^\S+ \S+(?= )/gm) ?? [];
  t.equal(
    new Set(keys.filter((key) => !key.startsWith('#'))).size,
    keys.filter((key) => !key.startsWith('#')).length,
    'no answer twice',
  );
});

t.test('Windows files are well-formed and name their edition', async (t) => {
  const xmllint = needTool(t, 'xmllint');
  if (!xmllint) return;
  const xpath = async (path: string, expression: string) =>
    (await run(xmllint, ['--xpath', expression, path])).stdout.trim();
  const indexes: string[] = [];
  for (const file of filesOf('windows', '2022')) {
    const path = await makeFile(t, file.name, file.content);
    await t.resolves(run(xmllint, ['--noout', path]), file.name);
    await t.resolves(
      checkContent('UNATTEND', file.name, path),
      `${file.name} is what we take as unattend file`,
    );
    t.equal(await xpath(path, 'namespace-uri(/*)'), 'urn:schemas-microsoft-com:unattend');
    t.equal(await xpath(path, 'count(//*[local-name()="component"][@processorArchitecture="amd64"])'), '5');
    t.equal(await xpath(path, 'string(//*[local-name()="InstallTo"]/*[local-name()="PartitionID"])'), '3');
    indexes.push(await xpath(path, 'string(//*[local-name()="MetaData"]/*[local-name()="Value"])'));
    t.match(file.content, 'Windows Server 2022');
  }
  t.strictSame(indexes, ['2', '1', '4', '3'], 'Standard, Standard_core, Datacenter, Datacenter_core');
  t.match(filesOf('windows', '2012r2')[0]!.content, 'Windows Server 2012 R2');
  t.match(filesOf('windows', '2025', 'aarch64')[0]!.content, 'processorArchitecture="arm64"');
});

t.test('AutoYaST files are well-formed and follow their release', async (t) => {
  const xmllint = needTool(t, 'xmllint');
  if (!xmllint) return;
  const releases: [os: string, version: string, product: string, addOns: string][] = [
    ['sles', '12.5', '', '0'],
    ['sles', '15.6', 'SLES', '1'],
    ['sles', '', 'SLES', '1'],
    ['opensuse-leap', '15.6', 'Leap', '0'],
  ];
  for (const [os, version, product, addOns] of releases) {
    const files = filesOf('sles', version, 'x86_64', 'Some System', os);
    t.equal(files.length, 3);
    for (const file of files) {
      const path = await makeFile(t, file.name, file.content);
      const xpath = async (expression: string) =>
        (
          await run(xmllint, [
            '--xpath',
            expression.replaceAll(/(^|[/(])(\w[\w-]*)(?=[/)[]|$)/g, '$1*[local-name()="$2"]'),
            path,
          ])
        ).stdout.trim();
      await t.resolves(run(xmllint, ['--noout', '--dropdtd', path]), file.name);
      await t.resolves(checkContent('UNATTEND', file.name, path, undefined, os));
      t.equal(await xpath('namespace-uri(/*)'), 'http://www.suse.com/1.0/yast2ns');
      t.equal(await xpath('string(/profile/general/mode/confirm)'), 'false', 'nobody is asked');
      t.equal(await xpath('string(/profile/users/user/username)'), 'root');
      t.equal(await xpath('count(/profile/users/user)'), '1');
      t.equal(await xpath('string(/profile/users/user/user_password)'), '!', 'a locked account');
      t.equal(
        await xpath('string(/profile/users/user/encrypted)'),
        'true',
        'and not a password of one character',
      );
      t.equal(await xpath('string(/profile/partitioning/drive/use)'), 'all');
      t.equal(await xpath('string(/profile/software/products/product)'), product);
      t.equal(await xpath('count(/profile/add-on)'), addOns);
      t.match(file.content, 'It erases the first disk');
      // AutoYaST takes a list without its type for a single value.
      const lists = '//*[count(*)>1 and count(*)=count(*[local-name()=local-name(../*[1])])]';
      t.equal(await xpath(`count(${lists}[not(@*[local-name()="type"]="list")])`), '0', 'lists say so');
    }
  }
  const texts = filesOf('sles', '15.6', 'x86_64', 'Some System', 'sles').map((file) => file.content);
  t.match(texts[0], '<pattern>minimal_base</pattern>');
  t.match(texts[1], '<pattern>enhanced_base</pattern>');
  t.match(texts[2], '<pattern>kvm_server</pattern>');
  t.match(texts[2], '<product_dir>/Module-Server-Applications</product_dir>');
  t.match(filesOf('sles', '12.5')[0]!.content, '<pattern>Minimal</pattern>', 'names of release 12');
  t.match(filesOf('sles', '12.5')[0]!.content, '<service>ntpd</service>');
  t.notMatch(filesOf('sles', '12.5')[0]!.content, /chrony|firewalld/);
});

t.test('autoinstall files are what the installer of Ubuntu reads', async (t) => {
  const python = needTool(t, 'python3');
  if (!python) return;
  for (const version of ['20.04.6', '22.04.3', '24.04', '']) {
    for (const file of filesOf('ubuntu', version)) {
      const path = await makeFile(t, file.name, file.content);
      // PyYAML is what cloud-init and the installer read it with.
      const script = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))';
      const read = JSON.parse((await run(python, ['-c', script, path])).stdout);
      t.strictSame(autoinstallFaults(read), [], `${version} ${file.name}`);
      t.match(file.content, /^#cloud-config\n/, 'without it cloud-init does not look at it');
      t.match(file.content, 'It erases the largest disk');
      t.strictSame(read.autoinstall['user-data'].users, [], 'no account');
      t.equal('source' in read.autoinstall, version !== '20.04.6', 'a choice that release 22 brought');
      await t.resolves(checkContent('UNATTEND', 'user-data', path, undefined, 'ubuntu'));
    }
  }
  const [minimal, server] = filesOf('ubuntu', '24.04');
  t.match(minimal!.content, 'id: ubuntu-server-minimal\n');
  t.match(server!.content, 'id: ubuntu-server\n');
  t.strictSame(
    autoinstallFaults({
      autoinstall: { version: 2, shh: {}, packages: 'vim', storage: { layout: { name: 'zip' } } },
      x: 1,
    }),
    [
      'x beside autoinstall',
      'version is not 1',
      'no section shh',
      'packages is no list of texts',
      'no layout zip',
      'neither identity nor user-data',
    ],
    'the check finds faults',
  );
});

t.test('the Kickstart file of ESXi has the commands of its installer, and no password', async (t) => {
  const [file, ...others] = filesOf('esxi', '8.0.3');
  t.strictSame(others, []);
  const commands = file!.content.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  t.strictSame(commands, [
    'vmaccepteula',
    'install --firstdisk --overwritevmfs',
    'network --bootproto=dhcp --device=vmnic0 --addvmportgroup=1',
    'reboot',
  ]);
  t.match(file!.content, /needs a password for root and stops without one/);
  t.match(file!.content, /It erases the first disk/);
  await t.resolves(
    checkContent('UNATTEND', file!.name, await makeFile(t, file!.name, file!.content), undefined, 'esxi'),
  );
});

t.test('no file holds a password or a key, and equal systems give equal files', async (t) => {
  for (const family of ['rhel', 'sles', 'debian', 'ubuntu', 'windows', 'esxi'] as const) {
    for (const file of filesOf(family, '')) {
      t.notMatch(
        file.content,
        /--plaintext|--iscrypted|\$[156y]\$|<Password>|<Value>[A-Z0-9]{5}-|user-password string/,
        file.name,
      );
    }
    t.strictSame(filesOf(family, '9'), filesOf(family, '9'), family);
    t.equal(
      new Set(filesOf(family, '9').map((file) => file.content)).size,
      filesOf(family, '9').length,
      'one text for each kind',
    );
  }
});

t.test('the name of a medium cannot break a file', async () => {
  // Names arrive as one line of printable ASCII.
  const name = fc.stringMatching(/^[\x20-\x7e]{0,40}$/);
  const lines = (text: string) => text.split('\n').length;
  fc.assert(
    fc.property(name, (text) => {
      const windows = filesOf('windows', '', 'x86_64', text);
      const kickstart = filesOf('rhel', '9', 'x86_64', text)[0]!;
      const esxi = filesOf('esxi', '8', 'x86_64', text)[0]!;
      const ubuntu = filesOf('ubuntu', '24', 'x86_64', text)[0]!;
      return (
        windows.every((file) => xmlFault(file.content) === undefined) &&
        filesOf('sles', '15', 'x86_64', text).every((file) => xmlFault(file.content) === undefined) &&
        lines(esxi.content) === lines(filesOf('esxi', '8')[0]!.content) &&
        lines(ubuntu.content) === lines(filesOf('ubuntu', '24')[0]!.content) &&
        kickstartFaults(kickstart.content, 9).length === 0 &&
        lines(kickstart.content) === lines(filesOf('rhel', '9')[0]!.content)
      );
    }),
    { numRuns: 60 },
  );
});
