/** What images are told to be: by their markers, by their importer, and when the two contradict each other. */
import { identifyMedia, type MediaHint, type MediaIdentity } from '@osimage/os-media';
import t from 'tap';
import { buildIso } from '../../samples/iso.ts';
import { needTool } from '../support/tools.ts';
import { makeFile, makeIso, udfImage } from './images.ts';

const rhel9 = `[checksums]
images/efiboot.img = sha256:7558af29

[general]
; WARNING.0 = This section provides compatibility with pre-productmd treeinfos.
arch = x86_64
family = Red Hat Enterprise Linux
name = Red Hat Enterprise Linux 9.4.0
packagedir = Packages
version = 9.4.0

[release]
name = Red Hat Enterprise Linux
short = RHEL
version = 9.4
`;
const treeinfo = (family: string, version: string, arch = 'x86_64') =>
  `[general]\nfamily = ${family}\nversion = ${version}\narch = ${arch}\n`;
const debian = (version: string, arch = 'amd64') =>
  `Debian GNU/Linux ${version} "Bookworm" - Official ${arch} NETINST with firmware 20240210-11:28\n`;

type Files = Record<string, string>;

const known: [files: Files, identity: Partial<MediaIdentity>][] = [
  [
    { '.treeinfo': rhel9, '.discinfo': '1712345678.0\nRed Hat Enterprise Linux 9.4\nx86_64\n' },
    {
      family: 'rhel',
      os: 'rhels',
      osrelease: 'rhels9.4',
      version: '9.4',
      arch: 'x86_64',
      buildId: '',
      name: 'Red Hat Enterprise Linux 9.4',
    },
  ],
  [{ '.treeinfo': treeinfo('Red Hat Enterprise Linux', '7.3') }, { osrelease: 'rhels7.3', version: '7.3' }],
  [
    { '.discinfo': '1712345678.123456\nRed Hat Enterprise Linux 8.10\naarch64\n' },
    { osrelease: 'rhels8.10', arch: 'aarch64' },
  ],
  [{ '.treeinfo': treeinfo('AlmaLinux', '9.4') }, { family: 'rhel', os: 'alma', osrelease: 'alma9.4' }],
  [
    { '.treeinfo': treeinfo('Rocky Linux', '9.4', 'ppc64le') },
    { os: 'rocky', osrelease: 'rocky9.4', arch: 'ppc64le' },
  ],
  [{ '.treeinfo': treeinfo('CentOS', '7') }, { os: 'centos', osrelease: 'centos7' }],
  [{ '.treeinfo': treeinfo('CentOS Stream', '9') }, { os: 'centos-stream', osrelease: 'centos-stream9' }],
  [{ '.treeinfo': treeinfo('Oracle Linux Server', '9.4') }, { os: 'ol', osrelease: 'ol9.4' }],
  [
    { '.disk/info': debian('12.5.0') },
    {
      family: 'debian',
      os: 'debian',
      osrelease: 'debian12.5',
      version: '12.5',
      arch: 'x86_64',
      name: 'Debian GNU/Linux 12.5',
    },
  ],
  [{ '.disk/info': debian('11.9.0', 'arm64') }, { osrelease: 'debian11.9', arch: 'aarch64' }],
  [
    { '.disk/info': 'Debian GNU/Linux testing "Trixie" - Official Snapshot amd64 NETINST 20240701-12:00\n' },
    { osrelease: 'debian-testing', version: '' },
  ],
];

t.test('media say what they are', async (t) => {
  const xorriso = needTool(t, 'xorriso');
  if (!xorriso) return;
  for (const [files, identity] of known) {
    const path = await makeIso(t, xorriso, files);
    t.match(await identifyMedia(path, {}), identity, identity.osrelease ?? '');
    t.match(
      await identifyMedia(path, { osrelease: 'mine 1' }),
      { ...identity, osrelease: 'mine-1' },
      'under a name of the importer',
    );
  }
});

/** What the first marker does not say comes from another file. */
const composed: [files: Files, identity: Partial<MediaIdentity>][] = [
  [
    {
      'media.1/media':
        'SUSE - SLE-15-SP6-Full-x86_64-Build710.3-Media\nSLE-15-SP6-Full-x86_64-Build710.3\n1\n',
    },
    {
      family: 'sles',
      os: 'sles',
      osrelease: 'sles15.6',
      version: '15.6',
      arch: 'x86_64',
      buildId: '',
      name: 'SUSE Linux Enterprise Server 15 SP6',
    },
  ],
  [
    {
      'media.1/media': 'SUSE - SLE-15-Installer-DVD-ppc64le-Build668.1-Media\n',
      '.treeinfo': treeinfo('SUSE', '15'),
    },
    { osrelease: 'sles15', arch: 'ppc64le', name: 'SUSE Linux Enterprise Server 15' },
  ],
  [
    { 'media.1/media': 'SUSE - SLE-12-SP3-Server-DVD-x86_64-Build0473-Media\n' },
    { osrelease: 'sles12.3', version: '12.3' },
  ],
  [
    {
      'media.1/media': 'SUSE\n20181107140652\n',
      'media.1/products': '/ SLES12-SP4 12.4-0\n',
      content: 'CONTENTSTYLE 11\nDEFAULTBASE ppc64le\nVERSION 12.4-0\n',
    },
    { os: 'sles', osrelease: 'sles12.4', arch: 'ppc64le' },
  ],
  [
    { 'media.1/media': 'openSUSE - openSUSE-Leap-15.6-DVD-x86_64-Build710.3-Media\n' },
    { family: 'sles', os: 'opensuse-leap', osrelease: 'opensuse-leap15.6', name: 'openSUSE Leap 15.6' },
  ],
  [
    { 'media.1/products': '/ openSUSE-Leap 15.6-1\n' },
    { os: 'opensuse-leap', osrelease: 'opensuse-leap15.6', arch: 'x86_64' },
  ],
  [
    { '.treeinfo': treeinfo('SUSE Linux Enterprise Server', '15 SP7') },
    { family: 'sles', os: 'sles', osrelease: 'sles15.7' },
  ],
  [
    {
      '.disk/info': 'Ubuntu-Server 22.04.3 LTS "Jammy Jellyfish" - Release amd64 (20230810)\n',
      'casper/vmlinuz': 'kernel',
    },
    {
      family: 'ubuntu',
      os: 'ubuntu',
      osrelease: 'ubuntu22.04.3',
      version: '22.04.3',
      arch: 'x86_64',
      name: 'Ubuntu Server 22.04.3',
    },
  ],
  [
    {
      '.disk/info': 'Ubuntu-Server 24.04 LTS "Noble Numbat" - Release arm64 (20240423)\n',
      'casper/vmlinuz': 'kernel',
    },
    { osrelease: 'ubuntu24.04', arch: 'aarch64' },
  ],
  [
    {
      'BOOT.CFG':
        'bootstate=0\ntitle=Loading ESXi installer\nkernel=/b.b00\nbuild=8.0.3-0.0.24022510\nupdated=0\n',
    },
    {
      family: 'esxi',
      os: 'esxi',
      osrelease: 'esxi8.0.3',
      version: '8.0.3',
      arch: 'x86_64',
      buildId: '24022510',
      name: 'VMware ESXi 8.0.3',
    },
  ],
  [
    { 'EFI/BOOT/BOOT.CFG': 'title=Loading ESXi installer\r\nkernel=/b.b00\r\nbuild=7.0.3-0.35.19482537\r\n' },
    { osrelease: 'esxi7.0.3', buildId: '19482537' },
  ],
  [
    {
      'BOOT.CFG': 'title=Loading ESXi installer\nkernel=/tboot.b00\nbuild=\nupdated=0\n',
      'UPGRADE/METADATA.XML':
        '<vum><product><esxVersion>6.7.0</esxVersion><build>8169922</build></product></vum>',
    },
    { osrelease: 'esxi6.7', version: '6.7', buildId: '8169922' },
  ],
];

t.test('media of SUSE, Ubuntu and VMware say what they are', async (t) => {
  const xorriso = needTool(t, 'xorriso');
  if (!xorriso) return;
  for (const [files, identity] of composed) {
    // VMware's have neither Rock Ridge nor Joliet.
    const options = identity.osrelease?.startsWith('esxi') ? [] : undefined;
    const path = await makeIso(t, xorriso, files, options);
    t.match(await identifyMedia(path, {}), identity, identity.osrelease ?? '');
    t.match(await identifyMedia(path, { osrelease: 'mine' }), { ...identity, osrelease: 'mine' });
    await t.rejects(identifyMedia(path, { os: 'rhels', osrelease: 'x' }), {
      code: 'wrong_content',
      message: /is not what os and osrelease say/,
    });
  }
});

t.test('what is recognised but not supported is named, with the reason where it is not plain', async (t) => {
  const xorriso = needTool(t, 'xorriso');
  if (!xorriso) return;
  const media = (line: string) => ({ 'media.1/media': `SUSE - ${line}\n` });
  const ubuntu = (line: string, casper = true) => ({
    '.disk/info': `${line}\n`,
    ...(casper && { 'casper/vmlinuz': 'kernel' }),
  });
  const others: [files: Files, found: RegExp][] = [
    [media('SLE-15-SP1-Packages-x86_64-Build228.2-Media2.iso'), /SLE-15-SP1-Packages/],
    [media('SLE-15-Installer-DVD-x86_64-Build668.1-Media-SOURCE'), /SOURCE/],
    [media('SLE-12-SP3-Desktop-DVD-x86_64-Build0473-Media'), /SLE-12-SP3-Desktop/],
    [media('SLES-11-SP4-DVD-x86_64-Build1221-Media'), /Server 11 SP4, older than 12/],
    [media('SLES-16.0-Full-x86_64-Build1-Media'), /Server 16\.0, whose installer is Agama/],
    [{ 'media.1/products': '/ openSUSE-Leap 16.0-1\n' }, /Leap 16\.0, whose installer is Agama/],
    [{ 'media.1/products': '/ openSUSE 20240701-0\n' }, /openSUSE 20240701/],
    [{ 'media.1/products': '/ SLE-Micro 5.5-0\n' }, /SUSE SLE-Micro 5\.5/],
    [{ '.treeinfo': treeinfo('SUSE Linux Enterprise Micro', '5.5') }, /SUSE Linux Enterprise Micro 5\.5/],
    [
      ubuntu('Ubuntu-Server 18.04.6 LTS "Bionic Beaver" - Release amd64 (20210915)'),
      /Ubuntu Server 18\.04\.6, whose installer knows no autoinstall/,
    ],
    [
      ubuntu('Ubuntu-Server 20.04.1 LTS "Focal Fossa" - Release amd64 (20200731)', false),
      /20\.04\.1 with the Debian installer/,
    ],
    [ubuntu('Ubuntu 24.04 LTS "Noble Numbat" - Release amd64 (20240424)'), /Ubuntu Desktop 24\.04/],
    [ubuntu('Linux Mint 21 "Vanessa" - Release amd64 20220726'), /Linux Mint 21/],
  ];
  for (const [files, found] of others) {
    const path = await makeIso(t, xorriso, files);
    await t.rejects(identifyMedia(path, { os: 'rhels', osrelease: 'x' }), {
      code: 'os_not_supported',
      message: found,
    });
  }
});

t.test('the importer says what the medium does not', async (t) => {
  const nothing = await makeFile(
    t,
    'a.iso',
    buildIso('NOTHING', [{ path: 'a.txt', content: Buffer.from('a') }]),
  );
  const udf = await makeFile(t, 'b.iso', udfImage());
  const hinted: [hint: MediaHint, identity: Partial<MediaIdentity>][] = [
    [
      { os: 'win', osrelease: 'win2022' },
      { family: 'windows', os: 'win', osrelease: 'win2022', version: '2022', arch: 'x86_64' },
    ],
    [
      { os: 'Windows', osrelease: 'win2012r2' },
      { family: 'windows', osrelease: 'win2012r2', version: '2012r2' },
    ],
    [{ osrelease: 'win2016' }, { family: 'windows', os: 'win', osrelease: 'win2016' }],
    [
      { os: 'rhels', osrelease: 'sample' },
      { family: 'rhel', os: 'rhels', osrelease: 'sample', version: '' },
    ],
    [
      { os: 'debian', osrelease: 'debian12' },
      { family: 'debian', version: '12' },
    ],
    [
      { os: 'sles', osrelease: 'sles15.6' },
      { family: 'sles', os: 'sles', version: '15.6' },
    ],
    [{ osrelease: 'ubuntu22.04' }, { family: 'ubuntu', os: 'ubuntu', version: '22.04' }],
    [
      { os: 'VMware', osrelease: 'esxi6.7' },
      { family: 'esxi', version: '6.7' },
    ],
  ];
  for (const path of [nothing, udf]) {
    for (const [hint, identity] of hinted)
      t.match(await identifyMedia(path, hint), identity, JSON.stringify(hint));
    for (const hint of [{}, { os: 'win' }, { osrelease: 'lab' }, { os: 'rhels' }]) {
      await t.rejects(
        identifyMedia(path, { ...hint, name: 'a.iso' }),
        { code: 'os_unknown', message: /a\.iso/ },
        JSON.stringify(hint),
      );
    }
    await t.rejects(identifyMedia(path, { os: 'solaris', osrelease: 'solaris11' }), {
      code: 'os_not_supported',
    });
    for (const osrelease of ['x'.repeat(49), '..', '///', 'remoteFileServers']) {
      await t.rejects(identifyMedia(path, { os: 'win', osrelease }), { code: 'invalid_request' }, osrelease);
    }
  }
});

t.test('an unknown product of the kin is believed to be one when its importer says so', async (t) => {
  const content = Buffer.from(treeinfo('Sample Linux', '1.0', 'aarch64'));
  const path = await makeFile(t, 'a.iso', buildIso('SAMPLE', [{ path: '.treeinfo', content }]));
  t.match(await identifyMedia(path, { os: 'rhels', osrelease: 'sample' }), {
    family: 'rhel',
    os: 'rhels',
    osrelease: 'sample',
    version: '',
    arch: 'aarch64',
    name: 'Sample Linux 1.0',
  });
  await t.rejects(identifyMedia(path, {}), { code: 'os_unknown' });
  await t.rejects(identifyMedia(path, { os: 'debian', osrelease: 'sample' }), { code: 'wrong_content' });
});

t.test('a medium of another family than its importer says is refused', async (t) => {
  const cases: [path: string, content: string, hint: MediaHint][] = [
    ['.treeinfo', rhel9, { os: 'win', osrelease: 'win2022' }],
    ['.treeinfo', rhel9, { osrelease: 'debian12' }],
    ['.disk/info', debian('12.5.0'), { os: 'rhels', osrelease: 'rhels9' }],
    ['sources/boot.wim', 'MSWIM', { os: 'rhels', osrelease: 'rhels9' }],
  ];
  for (const [path, content, hint] of cases) {
    const image = await makeFile(t, 'a.iso', buildIso('OTHER', [{ path, content: Buffer.from(content) }]));
    await t.rejects(
      identifyMedia(image, hint),
      { code: 'wrong_content', message: /is not what os and osrelease say/ },
      path,
    );
  }
});

t.test('markers without sense are no markers', async (t) => {
  const files = ['.treeinfo', '.discinfo', '.disk/info', 'boot.cfg', 'media.1/media', 'media.1/products'];
  for (const content of ['', '\n\n', '[general]\n']) {
    const image = buildIso(
      'EMPTY',
      files.map((path) => ({ path, content: Buffer.from(path === '.disk/info' ? '' : content) })),
    );
    const path = await makeFile(t, 'a.iso', image);
    const expected = content.startsWith('[') ? 'os_not_supported' : 'os_unknown';
    await t.rejects(identifyMedia(path, {}), { code: expected }, JSON.stringify(content));
  }
});

t.test('long lines do not keep the patterns busy', { timeout: 20_000 }, async (t) => {
  const spaces = ' '.repeat(250_000);
  const files = [
    { path: '.discinfo', content: Buffer.from(`1.0\na${spaces}b\nx86_64\n`) },
    { path: '.disk/info', content: Buffer.from(`a${spaces}b\n`) },
    { path: 'boot.cfg', content: Buffer.from(`title=${'e'.repeat(250_000)}\n`) },
    { path: 'media.1/media', content: Buffer.from(`SUSE - SLE-15${'-a'.repeat(120_000)}\n`) },
    { path: 'media.1/products', content: Buffer.from(`/${' a'.repeat(120_000)} 1\n`) },
  ];
  for (const file of files) {
    const path = await makeFile(t, 'a.iso', buildIso('LONG', [file]));
    await t.rejects(identifyMedia(path, {}), { code: /^os_/ }, file.path);
  }
});

t.test('UDF is told by its whole sequence and its anchor', async (t) => {
  const hint = { os: 'win', osrelease: 'win2022', name: 'win.iso' };
  const good = [
    udfImage(),
    udfImage({ sequence: ['BEA01', 'NSR03', 'TEA01'] }),
    udfImage({ sequence: ['BEA01', 'BOOT2', 'NSR03', 'TEA01'] }),
    udfImage({ partitionSectors: 300 - 257 }),
  ];
  for (const image of good)
    t.match(await identifyMedia(await makeFile(t, 'a.iso', image), hint), { family: 'windows' });
  const bad: Record<string, Buffer> = {
    'no anchor': udfImage({ anchor: false }),
    'no end of the sequence': udfImage({ sequence: ['BEA01', 'NSR02'] }),
    'a sequence in another order': udfImage({ sequence: ['NSR02', 'BEA01', 'TEA01'] }),
    'too short for an anchor': udfImage().subarray(0, 256 * 2_048),
    zeros: Buffer.alloc(300 * 2_048),
    text: Buffer.from('this is no image'),
    nothing: Buffer.alloc(0),
  };
  for (const [name, image] of Object.entries(bad)) {
    const path = await makeFile(t, 'a.iso', image);
    await t.rejects(identifyMedia(path, hint), { code: 'wrong_content', message: /neither/ }, name);
  }
  const cut = await makeFile(t, 'a.iso', udfImage({ partitionSectors: 300 - 257 + 1 }));
  await t.rejects(identifyMedia(cut, hint), { code: 'wrong_content', message: /cut off/ });
});
