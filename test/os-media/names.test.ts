/** Names of files, of operating systems, and the ids made of names. */
import {
  allowedExtensions,
  checkFileName,
  customProfileId,
  familyOf,
  idPart,
  type OsFamily,
  predefinedProfiles,
  supportedImages,
  uploadedFileId,
} from '@osimage/os-media';
import fc from 'fast-check';
import t from 'tap';

const idForm = /^[A-Za-z0-9._|-]{1,200}$/;

/** A name as it can stand in a line of TAP. */
function visible(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]|#/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`);
}

t.test('each type takes the extensions of the contract, 5.2', async (t) => {
  const linux = ['rhels', 'rhel', 'centos', 'debian', 'sles', 'opensuse-leap15.6', 'ubuntu'];
  const taken: [type: string, oses: string[], names: string[], others: string[]][] = [
    ['OS', [...linux, 'win', 'esxi', ''], ['a.iso', 'A.ISO'], ['a.img', 'iso', '.iso']],
    ['BOOT', ['win', 'windows', ''], ['a.zip'], ['a.iso', 'a.wim']],
    ['DUD', linux, ['a.iso', 'a.rpm'], ['a.zip', 'a.deb']],
    ['DUD', ['win'], ['a.zip'], ['a.iso', 'a.rpm', 'a.inf']],
    ['DUD', [''], ['a.iso', 'a.rpm', 'a.zip'], ['a.inf']],
    ['SCRIPT', linux, ['a.sh', 'a.pm', 'a.pl', 'a.py'], ['a.cmd', 'a.ps1', 'a.rb', 'a']],
    ['SCRIPT', ['win'], ['a.cmd', 'a.PS1'], ['a.sh', 'a.bat']],
    ['SCRIPT', [''], ['a.sh', 'a.ps1'], ['a.exe']],
    ['SOFTWARE', linux, ['a.tar.gz'], ['a.tgz', 'a.gz', 'a.zip']],
    ['SOFTWARE', ['win'], ['a.zip'], ['a.tar.gz']],
    ['UNATTEND', ['rhels'], ['a.ks', 'a.cfg'], ['a.xml', 'a.txt']],
    ['UNATTEND', ['debian'], ['a.cfg'], ['a.ks', 'a.xml']],
    ['UNATTEND', ['win'], ['unattend.xml'], ['a.ks']],
    ['UNATTEND', ['sles', 'suse'], ['autoinst.xml', 'a.XML'], ['a.ks', 'a.cfg', 'a.yaml', 'xml']],
    [
      'UNATTEND',
      ['ubuntu'],
      ['a.yaml', 'a.yml', 'user-data', 'User-Data'],
      ['a.cfg', 'a.xml', 'x.user-data', 'user-data.txt'],
    ],
    ['UNATTEND', ['esxi', 'VMware'], ['ks.cfg', 'a.ks'], ['a.xml', 'a.yaml']],
    ['UNATTEND', [''], ['a.ks', 'a.cfg', 'a.xml', 'a.yml', 'user-data'], ['a.txt']],
    ['OSPROFILE', [...linux, 'win', ''], ['a.tar.gz', 'A.TAR.GZ'], ['a.tgz', 'a.zip', '.tar.gz']],
    ['BUNDLE', ['win', ''], ['a.zip'], ['a.asc', 'a']],
    ['BUNDLESIG', ['win', ''], ['a.asc'], ['a.sig', 'a.zip']],
    ['CONFIG', [...linux, 'win', 'esxi8.0.3', ''], ['a.json', 'a', 'a.schema'], []],
  ];
  for (const [type, oses, names, others] of taken) {
    for (const os of oses) {
      for (const name of names) t.doesNotThrow(() => checkFileName(type, name, os), `${type} ${os} ${name}`);
      for (const name of others) {
        t.throws(
          () => checkFileName(type, name, os),
          { code: 'wrong_extension' },
          `${type} ${os} not ${name}`,
        );
      }
    }
  }
  for (const os of [...linux, 'esxi'])
    t.throws(() => checkFileName('BOOT', 'a.zip', os), {
      code: 'option_not_supported',
      message: /for Windows only/,
    });
  for (const type of ['BUNDLE', 'BUNDLESIG'])
    t.throws(() => checkFileName(type, 'a.zip', 'rhels'), { code: 'option_not_supported' });
  for (const [type, name] of [
    ['DUD', 'a.iso'],
    ['SCRIPT', 'a.sh'],
    ['SOFTWARE', 'a.tar.gz'],
  ] as const) {
    t.throws(
      () => checkFileName(type, name, 'esxi'),
      { code: 'option_not_supported', message: /not for VMware ESXi/ },
      type,
    );
  }
  for (const type of ['BUNDLES', 'constructor', '', 'os']) {
    t.throws(() => checkFileName(type, 'a.zip'), { code: 'invalid_request' }, `type ${type}`);
  }
  t.equal(allowedExtensions('CONFIG'), undefined);
  t.strictSame(allowedExtensions('SCRIPT', 'win'), ['.cmd', '.ps1']);
});

t.test('names nobody may use', async (t) => {
  const bad = [
    '',
    ' ',
    '.',
    '..',
    '..sh',
    '../a.sh',
    'a/b.sh',
    '/a.sh',
    'a\\b.sh',
    'C:\\a.sh',
    'a\0.sh',
    'a\n.sh',
    'a\x7f.sh',
    'a\u0085.sh',
    'CON',
    'con.sh',
    'NUL.sh',
    'nul .sh',
    'aux.sh',
    'PRN.sh',
    'com1.sh',
    'LPT9.py',
    'com\u00b9.sh',
    'conin$.sh',
    'a.sh.',
    'a.sh ',
    `${'a'.repeat(253)}.sh`,
    `${'\u00e9'.repeat(127)}.sh`,
    '\ud800.sh',
    'evil\u202ehs.exe.sh',
    'a\u2028.sh',
  ];
  for (const name of bad) {
    for (const type of ['SCRIPT', 'CONFIG']) {
      t.throws(() => checkFileName(type, name), { code: 'bad_name' }, `${type} ${visible(name)}`);
    }
  }
  const good = [
    'a.sh',
    '.a.sh',
    'a..b.sh',
    'console.sh',
    'com10.sh',
    'com.sh',
    'nul-1.sh',
    '\u65e5\u672c.sh',
    'a b.sh',
    `${'a'.repeat(252)}.sh`,
  ];
  for (const name of good) t.doesNotThrow(() => checkFileName('SCRIPT', name), visible(name));
  try {
    checkFileName('SCRIPT', 'a\n\u202eb/.sh');
    t.fail('refused');
  } catch (error) {
    t.match(
      error,
      { message: 'The name a??b/.sh cannot be used: it has a folder in it.' },
      'printable in messages',
    );
  }
});

t.test('names of operating systems', async (t) => {
  const names: Record<string, string[]> = {
    windows: ['win', 'Windows', 'WIN2016', 'win2012r2', 'Windows Server 2022'],
    rhel: [
      'rhel',
      'rhels',
      'RHELS9.4',
      'rhels7.3',
      'centos',
      'centos7',
      'centos-stream9',
      'CentOS Stream 9',
      'alma9',
      'AlmaLinux',
      'rocky',
      'ol8',
      'Red Hat Enterprise Linux 9',
    ],
    sles: [
      'sles',
      'SLES',
      'sles15.6',
      'SLE 15',
      'suse',
      'opensuse-leap15.6',
      'SUSE Linux Enterprise Server 15 SP6',
    ],
    debian: ['debian', 'Debian 12', 'debian12.5', 'debian-12'],
    ubuntu: ['ubuntu', 'Ubuntu 24.04', 'ubuntu22.04.3', 'Ubuntu-Server 22.04'],
    esxi: ['esxi', 'ESXi', 'esxi8.0.3', 'esx', 'VMware', 'VMware ESXi 8.0'],
  };
  for (const [family, oses] of Object.entries(names))
    for (const os of oses) t.equal(familyOf(os), family, os);
  for (const os of ['', 'sled', 'solaris11', 'xubuntu', 'sample', 'windmill', 'constructor', '9.4'])
    t.equal(familyOf(os), undefined, os);
});

t.test('what can be imported', async (t) => {
  const images = supportedImages();
  t.equal(new Set(images.map(({ id }) => id)).size, images.length, 'ids are unique');
  for (const image of images) {
    t.match(image, { id: idForm, name: /./, displayName: /./, type: familyOf(image.id) }, image.id);
  }
});

t.test('ids made of names', async (t) => {
  t.equal(idPart('web node #1 (caf\u00e9).sh'), 'web-node--1--caf--.sh');
  t.equal(idPart('\u{1f600}x'), '-x', 'one character, one hyphen');
  t.equal(idPart(''), '-');
  t.equal(idPart(`${'a'.repeat(300)}.tar.gz`, 40), `${'a'.repeat(33)}.tar.gz`, 'the end stays');
  const date = new Date('2019-01-31T05:43:10.999Z');
  t.equal(uploadedFileId(date, 'trail.py'), '20190131054310_trail.py');
  t.equal(uploadedFileId(date, 'trail.py', 2), '20190131054310_trail.py-2');
  t.equal(customProfileId('sample', 'x86_64', 'web'), 'sample|sample-x86_64-install-web');
  t.equal(customProfileId('sample', 'x86_64', 'web node', 3), 'sample|sample-x86_64-install-web-node-3');
  const anyName = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(anyName, fc.integer({ min: 1, max: 10_000 }), (name, attempt) => {
      const ids = [
        uploadedFileId(date, name, attempt),
        customProfileId('i'.repeat(48), 'a'.repeat(20), name, attempt),
      ];
      return ids.every((id) => idForm.test(id));
    }),
  );
});

t.test('predefined profiles have ids of the contract', async (t) => {
  const identity = { os: 'x', osrelease: 'x', version: '', buildId: '', name: 'x', arch: 'x86_64' };
  const ids = (family: OsFamily, image: string) =>
    predefinedProfiles({ ...identity, family }, image).map(({ id }) => id);
  t.strictSame(ids('windows', 'win2016'), [
    'win2016|win2016-x86_64-install-Standard',
    'win2016|win2016-x86_64-install-Standard_core',
    'win2016|win2016-x86_64-install-Datacenter',
    'win2016|win2016-x86_64-install-Datacenter_core',
  ]);
  t.strictSame(ids('rhel', 'rhels7.3'), [
    'rhels7.3|rhels7.3-x86_64-install-Minimal',
    'rhels7.3|rhels7.3-x86_64-install-Basic',
    'rhels7.3|rhels7.3-x86_64-install-Virtualization',
  ]);
  t.strictSame(ids('debian', 'debian12'), [
    'debian12|debian12-x86_64-install-Minimal',
    'debian12|debian12-x86_64-install-Basic',
  ]);
  t.strictSame(ids('sles', 'sles15.6'), [
    'sles15.6|sles15.6-x86_64-install-Minimal',
    'sles15.6|sles15.6-x86_64-install-Basic',
    'sles15.6|sles15.6-x86_64-install-Virtualization-KVM',
  ]);
  t.strictSame(ids('ubuntu', 'ubuntu24.04'), [
    'ubuntu24.04|ubuntu24.04-x86_64-install-Minimal',
    'ubuntu24.04|ubuntu24.04-x86_64-install-Server',
  ]);
  t.strictSame(ids('esxi', 'esxi8.0.3'), ['esxi8.0.3|esxi8.0.3-x86_64-install-Virtualization']);
  for (const family of ['rhel', 'sles', 'debian', 'ubuntu', 'windows', 'esxi'] as const) {
    const profiles = predefinedProfiles({ ...identity, family }, 'i'.repeat(48));
    for (const { id, name, description, unattend } of profiles) {
      t.match(id, idForm);
      t.equal(id, `${'i'.repeat(48)}|${name}`);
      t.not(description, '');
      t.equal(unattend.length, 1);
      t.doesNotThrow(() => checkFileName('UNATTEND', unattend[0]!.name, family));
    }
  }
});
