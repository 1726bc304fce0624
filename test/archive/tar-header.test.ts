/** Tar headers of members that do not fit into a plain one, as other people's programs read them. */
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { memberPath } from '../../packages/archive/layout.ts';
import { anyHeader, memberHeader, padding, tarEnd } from '../../packages/archive/tar-header.ts';
import { TarReader } from '../../packages/archive/tar-reader.ts';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);
const eightGiB = 2 ** 33;
const big = memberPath('driver', 'ab'.repeat(32), 'big.iso');
const next = memberPath('script', 'cd'.repeat(32), 'next.sh');

t.test('sizes around and above 8 GiB are right in every reader', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-tar-'));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const size of [eightGiB - 1, eightGiB, eightGiB + 12_345]) {
    const path = join(folder, `${size}.tar`);
    await writeSparse(path, size);
    const python = 'import sys,tarfile\nfor m in tarfile.open(sys.argv[1]): print(m.size, m.name)';
    const listings: [string, string[], RegExp][] = [
      ['tar', ['-tvf', path], /(\d+) \d{4}-\S+ \S+ (\S+)$/],
      ['bsdtar', ['-tvf', path], /(\d+) \w{3} +\d+ +\d+ (\S+)$/],
      ['busybox', ['tar', '-tvf', path], /(\d+) \d{4}-\S+ \S+ (\S+)$/],
      ['7z', ['l', '-ba', path], /\.{5} +(\d+) +\d+ +(\S+)$/],
      ['python3', ['-c', python, path], /^(\d+) (\S+)$/],
    ];
    for (const [tool, args, line] of listings) {
      if (!needTool(t, tool)) continue;
      const { stdout } = await run(tool, args);
      const found = stdout
        .trimEnd()
        .split('\n')
        .map((text) => line.exec(text)?.slice(1));
      t.strictSame(
        found,
        [
          [String(size), big],
          ['3', next],
        ],
        `${tool}: ${size} bytes`,
      );
    }
  }
});

/** A tar of two members whose first one is a hole in the file. */
async function writeSparse(path: string, size: number): Promise<void> {
  const file = await open(path, 'wx');
  const header = memberHeader(big, size);
  await file.write(header, 0, header.length, 0);
  const rest = Buffer.concat([memberHeader(next, 3), Buffer.from('ok\n'), padding(3), tarEnd]);
  await file.write(rest, 0, rest.length, header.length + size + padding(size).length);
  await file.close();
}

t.test('our own reader gets back any name, however the stream is cut', async () => {
  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 255 })
    .filter((text) => Buffer.byteLength(text) <= 255)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these cannot be in a name
    .filter((text) => !/[\u0000-\u001f\u007f/\\]/.test(text) && text !== '.' && text !== '..');
  const member = fc.record({ name, content: fc.uint8Array({ maxLength: 1500 }) });
  fc.assert(
    fc.property(fc.array(member, { maxLength: 4 }), fc.integer({ min: 1, max: 700 }), (members, step) => {
      const expected = members.map(({ name, content }) => ({
        path: memberPath('script', '12'.repeat(32), name),
        content: Buffer.from(content).toString('hex'),
      }));
      const stream = Buffer.concat([
        ...members.flatMap(({ content }, at) => [
          memberHeader(expected[at]!.path, content.length),
          content,
          padding(content.length),
        ]),
        tarEnd,
      ]);
      const found: typeof expected = [];
      const reader = new TarReader({
        begin: (path) => found.push({ path, content: '' }),
        content: (bytes) => {
          found.at(-1)!.content += bytes.toString('hex');
        },
        end: () => {},
      });
      for (let at = 0; at < stream.length; at += step) reader.write(stream.subarray(at, at + step));
      return reader.complete && JSON.stringify(found) === JSON.stringify(expected);
    }),
  );
});

t.test('a header that was copied is the one node-tar makes', async () => {
  const path = fc
    .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 110 })
    .map((name) => `profile/${name.replaceAll('/', '-')}`);
  const around = [0, 1, 8 ** 10 - 1, 8 ** 10, 8 ** 11 - 1, 8 ** 11].map((size) => fc.constant(size));
  const size = fc.oneof(fc.nat(), fc.maxSafeNat(), ...around);
  fc.assert(
    fc.property(path, size, (path, size) => memberHeader(path, size).equals(anyHeader(path, size))),
    { numRuns: 2_000 },
  );
});

t.test('our own reader gets back names of any length, wherever the path is split', async (t) => {
  for (const letter of ['e', '\u00e9', '\u6f22', '\u{1d15f}']) {
    const wrong: number[] = [];
    for (let length = 1; Buffer.byteLength(letter.repeat(length)) <= 255; length++) {
      const path = memberPath('unattend', '12'.repeat(32), letter.repeat(length));
      const found: string[] = [];
      const reader = new TarReader({ begin: (path) => found.push(path), content: () => {}, end: () => {} });
      reader.write(Buffer.concat([memberHeader(path, 0), tarEnd]));
      if (found.join() !== path) wrong.push(length);
    }
    t.strictSame(wrong, [], `${Buffer.byteLength(letter)} bytes each`);
  }
});
