/** Content against type: real files of each kind pass, files of another kind, cut off or empty ones do not. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { Problem } from '@osimage/errors';
import { checkContent } from '@osimage/os-media';
import fc from 'fast-check';
import t from 'tap';
import { buildIso } from '../../samples/iso.ts';
import { buildZip } from '../../samples/zip.ts';
import { needTool } from '../support/tools.ts';
import { makeFile, makeFolder, udfImage } from './images.ts';

const run = promisify(execFile);

const zip = buildZip([{ path: 'a/driver.inf', content: Buffer.from('[Version]\n'.repeat(50)) }]);
const iso = buildIso('DRIVER', [{ path: 'rhdd3', content: Buffer.from('x') }]);
const rpm = Buffer.concat([
  Buffer.from('edabeedb0300', 'hex'),
  Buffer.alloc(90),
  Buffer.from('8eade801', 'hex'),
  Buffer.alloc(100),
]);
const utf16 = (text: string, big = false) => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return big ? bytes.swap16() : bytes;
};

function tarHeader(name: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('00000000000\0', 124);
  header.write('        ', 148);
  header.write('ustar\x0000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return header;
}
const tar = Buffer.concat([tarHeader('a.txt'), Buffer.alloc(1_024)]);

type Content = Buffer | string;

const good: [type: string, name: string, content: Content][] = [
  ['OS', 'a.iso', iso],
  ['OS', 'a.iso', udfImage()],
  ['DUD', 'a.ISO', iso],
  ['DUD', 'a.rpm', rpm],
  ['DUD', 'a.zip', zip],
  ['BOOT', 'a.zip', zip],
  ['BOOT', 'a.zip', Buffer.concat([zip.subarray(0, -2), Buffer.from([3, 0]), Buffer.from('hey')])],
  ['SOFTWARE', 'a.zip', zip],
  ['SOFTWARE', 'a.tar.gz', gzipSync(tar)],
  ['SOFTWARE', 'a.TAR.GZ', gzipSync(Buffer.concat([tarHeader('b'), Buffer.alloc(4 << 20)]), { level: 9 })],
  ['SCRIPT', 'a.sh', '#!/bin/sh\necho "\u00fc"\n'],
  ['SCRIPT', 'a.ps1', utf16('Write-Host x\r\n')],
  ['SCRIPT', 'a.ps1', utf16('Write-Host x\r\n', true)],
  // A character of two bytes lies across the end of what is looked at.
  ['SCRIPT', 'a.py', `${'#'.repeat(64 * 1024 - 1)}\u00fc${'#'.repeat(9)}`],
  ['CONFIG', 'a.json', '{"type": "object"}'],
  ['CONFIG', 'a', '\ufeff{}'],
  ['CONFIG', 'a.json', `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`],
  ['UNATTEND', 'a.ks', 'text\n'],
  ['UNATTEND', 'a.cfg', '#_preseed_V1\n'],
  ['UNATTEND', 'a.xml', '<?xml version="1.0"?><unattend/>'],
  ['UNATTEND', 'a.xml', utf16('<?xml version="1.0" encoding="utf-16"?><unattend/>')],
  ['UNATTEND', 'a.xml', '<!DOCTYPE profile><profile xmlns="http://www.suse.com/1.0/yast2ns"/>'],
  ['UNATTEND', 'a.xml', '<x:profile xmlns:x="http://www.suse.com/1.0/yast2ns"/>'],
  ['UNATTEND', 'user-data', '#cloud-config\nautoinstall:\n  version: 1\n'],
  ['UNATTEND', 'a.YAML', 'ssh: &a {x: 1}\nautoinstall: {version: 1, ssh: *a}\n'],
  ['UNATTEND', 'a.yml', 'x: 1\nx: 2\nautoinstall: {version: 1}\n'],
];

const bad: [type: string, name: string, content: Content, detail: RegExp][] = [
  ['OS', 'a.iso', zip, /neither an ISO 9660 nor a UDF/],
  ['OS', 'a.iso', iso.subarray(0, iso.length - 2_048), /cut off/],
  ['DUD', 'a.iso', rpm, /neither/],
  ['DUD', 'a.rpm', iso, /rpm/],
  ['DUD', 'a.rpm', rpm.subarray(0, 50), /rpm/],
  ['DUD', 'a.rpm', Buffer.concat([rpm.subarray(0, 96), Buffer.alloc(50)]), /signature/],
  ['BOOT', 'a.zip', 'PK', /does not start like a zip/],
  ['BOOT', 'a.zip', gzipSync('x'), /does not start like a zip/],
  ['BOOT', 'a.zip', zip.subarray(0, zip.length - 1), /cut off/],
  ['BOOT', 'a.zip', zip.subarray(0, 60), /cut off/],
  ['BOOT', 'a.zip', Buffer.concat([zip.subarray(0, 60), zip.subarray(-22)]), /directory/],
  ['BOOT', 'a.zip', Buffer.concat([zip, Buffer.alloc(10)]), /cut off/],
  ['SOFTWARE', 'a.tar.gz', tar, /gzip/],
  ['SOFTWARE', 'a.tar.gz', zip, /gzip/],
  ['SOFTWARE', 'a.tar.gz', gzipSync('hello'), /no tar/],
  ['SOFTWARE', 'a.tar.gz', gzipSync('hello'.repeat(500)), /other than a tar/],
  ['SOFTWARE', 'a.tar.gz', gzipSync(Buffer.alloc(10_240)), /no file/],
  [
    'SOFTWARE',
    'a.tar.gz',
    Buffer.concat([gzipSync(tar).subarray(0, 11), Buffer.alloc(50, 255)]),
    /damaged|no tar/,
  ],
  ['SCRIPT', 'a.sh', Buffer.from('7f454c4602010100', 'hex'), /NUL/],
  ['SCRIPT', 'a.sh', Buffer.from('c3', 'hex'), /UTF-8/],
  ['SCRIPT', 'a.sh', Buffer.from('6162ff63', 'hex'), /UTF-8/],
  ['SCRIPT', 'a.ps1', Buffer.from('fffe00d8', 'hex'), /UTF-16LE/],
  ['CONFIG', 'a.json', '{"a": }', /not JSON/],
  ['CONFIG', 'a.json', '[1]', /a list/],
  ['CONFIG', 'a.json', 'null', /a single value/],
  ['CONFIG', 'a.json', '"secret"', /a single value/],
  ['CONFIG', 'a.json', ' '.repeat(4 * 1024 * 1024 + 1), /larger than 4194304 bytes/],
  ['UNATTEND', 'a.xml', '<unattend>', /not closed/],
  ['UNATTEND', 'a.xml', 'text', /well-formed/],
  ['UNATTEND', 'a.xml', '<kickstart/>', /root element is not <profile> or <unattend>/],
  ['UNATTEND', 'a.yaml', 'version: 1\n', /no key autoinstall/],
  ['UNATTEND', 'a.yaml', 'autoinstall: yes\n', /no key autoinstall/],
  ['UNATTEND', 'a.yaml', '- autoinstall\n', /no key autoinstall/],
  ['UNATTEND', 'a.yaml', 'autoinstall: {version: 2}\n', /version 1/],
  ['UNATTEND', 'a.yaml', 'autoinstall: [version: 1\n', /not YAML/],
  ['UNATTEND', 'a.yaml', 'autoinstall: {}\n---\nautoinstall: {}\n', /not YAML/],
  ['UNATTEND', 'a.yaml', 'x'.repeat(512 * 1024 + 1), /larger than 524288 bytes/],
  ['UNATTEND', 'user-data', `autoinstall: {a: ${'['.repeat(100_000)}}`, /not YAML/],
  ['UNATTEND', 'a.ks', Buffer.from([1, 0, 2]), /NUL/],
  ['SCRIPT', 'a.sh', '', /empty/],
  ['SOFTWARE', 'a.rar', 'x', /no file of this name/],
  ['BUNDLES', 'a.zip', zip, /no file of this name/],
  ['BUNDLE', 'a.zip', 'text', /does not start like a zip/],
  ['BUNDLESIG', 'a.asc', 'text', /no armored OpenPGP signature/],
  ['BUNDLESIG', 'a.asc', 'x'.repeat(70_000), /larger than 65536 bytes/],
  ['OSPROFILE', 'a.tar.gz', zip, /gzip/],
  ['constructor', 'a.zip', zip, /no file of this name/],
];

t.test('content that is what its type says', async (t) => {
  for (const [type, name, content] of good) {
    const path = await makeFile(t, 'staging', content);
    await t.resolves(checkContent(type, name, path), `${type} ${name}`);
  }
});

t.test('content that is something else', async (t) => {
  for (const [type, name, content, detail] of bad) {
    const path = await makeFile(t, 'staging', content);
    await t.rejects(
      checkContent(type, name, path),
      { code: 'wrong_content', message: detail },
      `${type} ${name} ${detail.source}`,
    );
  }
  const path = await makeFile(t, 'staging', '{"password": hunter2}');
  const error = await checkContent('CONFIG', 'a.json', path).catch((caught: unknown) => caught);
  t.notMatch((error as Problem).message, /hunter/, 'nothing of the content is told');
});

t.test('the operating system tells whose unattend file it must be', async (t) => {
  const autoyast = await makeFile(t, 'staging', '<profile/>');
  const windows = await makeFile(t, 'staging', '<unattend/>');
  const check = (os: string, path: string) => checkContent('UNATTEND', 'a.xml', path, undefined, os);
  await t.resolves(check('sles', autoyast));
  await t.resolves(check('win', windows));
  await t.rejects(check('sles15.6', windows), { code: 'wrong_content', message: /is not <profile>/ });
  await t.rejects(check('win2022', autoyast), { code: 'wrong_content', message: /is not <unattend>/ });
});

t.test('a YAML bomb is not blown up, and many keys take no time', { timeout: 20_000 }, async (t) => {
  const rows = Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}]\n`);
  const bomb = `a0: &a0 x\n${rows.join('')}autoinstall: {version: 1}\n`;
  await t.rejects(checkContent('UNATTEND', 'user-data', await makeFile(t, 'staging', bomb)), {
    code: 'wrong_content',
    message: /read safely/,
  });
  const keys = Array.from({ length: 50_000 }, (_, n) => `k${n}: 1\n`).join('');
  await t.resolves(
    checkContent('UNATTEND', 'user-data', await makeFile(t, 'staging', `${keys}autoinstall: {version: 1}\n`)),
  );
});

t.test('archives of other programs are taken', async (t) => {
  const folder = await makeFolder(t);
  await writeFile(join(folder, 'a.txt'), 'hello\n');
  const bsdtar = needTool(t, 'bsdtar');
  if (!bsdtar) return;
  for (const format of ['ustar', 'pax', 'gnutar', 'v7']) {
    const path = join(folder, `${format}.tar.gz`);
    await run(bsdtar, ['-czf', path, '--format', format, '-C', folder, 'a.txt']);
    await t.resolves(checkContent('SOFTWARE', 'a.tar.gz', path), format);
  }
  const path = join(folder, 'bsdtar.zip');
  await run(bsdtar, ['-cf', path, '--format', 'zip', '-C', folder, 'a.txt']);
  await t.resolves(checkContent('BOOT', 'a.zip', path), 'zip of bsdtar');
  const python = needTool(t, 'python3');
  if (!python) return;
  const zip64 = join(folder, 'zip64.zip');
  await run(python, [
    '-c',
    `import sys, zipfile
zipfile.ZIP64_LIMIT = 1
with zipfile.ZipFile(sys.argv[1], 'w') as z: z.write(sys.argv[2], 'a.txt')`,
    zip64,
    join(folder, 'a.txt'),
  ]);
  const bytes = await readFile(zip64);
  t.ok(bytes.includes('PK\x06\x07'), 'it is a zip64');
  // A full field, as in a zip beyond 4 GB: the directory must be found by the record of zip64.
  bytes.writeUInt32LE(0xffffffff, bytes.length - 22 + 16);
  await writeFile(zip64, bytes);
  await t.resolves(checkContent('BOOT', 'a.zip', zip64), 'zip64 of Python');
});

t.test('a gzip bomb is not blown up', async (t) => {
  // 64 MiB of zeros behind a tar header; only the header is needed.
  const bomb = gzipSync(Buffer.concat([tarHeader('zeros'), Buffer.alloc(64 << 20)]), { level: 9 });
  const path = await makeFile(t, 'staging', bomb);
  const before = process.memoryUsage().arrayBuffers;
  await checkContent('SOFTWARE', 'a.tar.gz', path);
  t.ok(process.memoryUsage().arrayBuffers - before < 8 << 20);
});

t.test('damaged content ends in an answer or a Problem', async (t) => {
  const path = join(await makeFolder(t), 'staging');
  const subjects: [type: string, name: string, content: Buffer][] = [
    ['DUD', 'a.zip', zip],
    ['DUD', 'a.rpm', rpm],
    ['SOFTWARE', 'a.tar.gz', gzipSync(tar)],
    ['UNATTEND', 'a.xml', Buffer.from('<?xml version="1.0"?><a x="1"><!-- c --><b>&amp;</b></a>')],
    ['CONFIG', 'a.json', Buffer.from('{"a":[1,{"b":null}]}')],
    [
      'UNATTEND',
      'user-data',
      Buffer.from('#cloud-config\nautoinstall:\n  version: 1\n  a: &x [1, "b"]\n  c: *x\n'),
    ],
  ];
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...subjects),
      edits,
      fc.option(fc.nat()),
      async ([type, name, content], changes, cut) => {
        const bytes = Buffer.from(content);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        await writeFile(path, cut === null ? bytes : bytes.subarray(0, cut % bytes.length));
        try {
          await checkContent(type, name, path);
          return true;
        } catch (error) {
          return error instanceof Problem && error.code === 'wrong_content';
        }
      },
    ),
    { numRuns: 300 },
  );
});
