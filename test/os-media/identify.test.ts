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

t.test('what is recognised but not supported yet is named', async (t) => {
  const xorriso = needTool(t, 'xorriso');
  if (!xorriso) return;
  const suse = {
    'media.1/media': 'SUSE - SLE-15-SP5-Full-x86_64-Build73.2-Media\n15.5\n',
    '.treeinfo': treeinfo('SUSE', '15'),
  };
  const others: [files: Files, found: RegExp][] = [
    [suse, /SUSE - SLE-15-SP5/],
    [
      { '.disk/info': 'Ubuntu-Server 22.04.3 LTS "Jammy Jellyfish" - Release amd64 (20230810)\n' },
      /Ubuntu-Server 22\.04\.3/,
    ],
    [
      { 'boot.cfg': 'bootstate=0\ntitle=Loading ESXi installer\nkernel=/b.b00\nbuild=8.0.2-0.0.22380479\n' },
      /VMware ESXi 8\.0\.2-0\.0\.22380479/,
    ],
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
    await t.rejects(identifyMedia(path, { os: 'sles', osrelease: 'sles15' }), { code: 'os_not_supported' });
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
  const files = ['.treeinfo', '.discinfo', '.disk/info', 'boot.cfg', 'media.1/media'];
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
