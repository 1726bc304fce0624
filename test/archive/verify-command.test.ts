/** `npm run verify`: offline, with no database and no settings; what it says, what it exits with, how it shows progress. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { pieceAt, planArchive } from '../../packages/archive/plan.ts';
import { bareEnvironment } from '../support/environment.ts';
import { needTool } from '../support/tools.ts';
import { collect, makeProfile, noise, prose } from './profile.ts';

const command = join(import.meta.dirname, '../../scripts/verify.ts');
// A folder and a file with characters a shell looks at.
const folder = await mkdtemp(join(tmpdir(), 'osimage verify-'));
t.teardown(() => rm(folder, { recursive: true }));
const profile = await makeProfile(join(folder, 'store'), [
  { kind: 'script', name: 'größe.sh', content: prose(3_000_000) },
  { kind: 'driver', name: 'dense.iso', content: noise(3_000_000) },
  { kind: 'config', name: 'a.json', content: '{}' },
]);
const archive = profile.open();
const bytes = await collect(archive);
await archive.close();
const path = join(folder, "it's.tar.gz");
await writeFile(path, bytes);

interface Ended {
  readonly code: unknown;
  readonly output: string;
}

/** No variable of a setting, in a folder where no settings and no data are. */
const bare = { cwd: folder, env: { ...bareEnvironment(), TERM: 'xterm' } };

async function start(program: string, args: readonly string[], input?: Buffer): Promise<Ended> {
  const child = spawn(program, args, bare);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text));
  child.stdin.on('error', () => {}).end(input);
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, output };
}

const verify = (file: string, input?: Buffer) => start(process.execPath, [command, file], input);

t.test('a whole archive', async (t) => {
  const whole = /^whole +\S+, \d+ bytes\nprofile +rhels.*\nfiles +3, 6000002 bytes\nsha256 +[0-9a-f]{64}\n$/;
  t.match(await verify(path), { code: 0, output: whole });
  t.match(await verify('-', bytes), { code: 0, output: /^whole +standard input, / });
  t.match(await start('sh', ['-c', `cat "it's.tar.gz" | '${process.execPath}' '${command}' /dev/stdin`]), {
    code: 0,
  });
  await symlink(path, join(folder, 'link.tar.gz'));
  t.match(await verify('link.tar.gz'), { code: 0 }, 'a relative path');
});

t.test('with its side file', async (t) => {
  const digest = /sha256 +([0-9a-f]{64})/.exec((await verify(path)).output)![1];
  const side = `${path}.sha256`;
  t.teardown(() => rm(side));
  await writeFile(side, `${digest}  it's.tar.gz\n`);
  t.match(await verify(path), { code: 0, output: /as in the side file\n$/ });
  await writeFile(side, `${'0'.repeat(64)}  it's.tar.gz\n`);
  t.match(await verify(path), { code: 1, output: /^DAMAGED .*it's\.tar\.gz\.sha256 says 0{64}/ });
  await writeFile(side, '');
  t.match(await verify(path), { code: 1, output: /^DAMAGED .*it's\.tar\.gz\.sha256 says nothing/ });
});

t.test('the damaged member, and only it', async (t) => {
  const { pieces } = planArchive(profile);
  const damage = async (at: number, member: string) => {
    const rotten = Buffer.from(bytes);
    rotten[at]! ^= 4;
    for (const [file, input] of [
      [join(folder, 'rotten.tar.gz'), undefined],
      ['-', rotten],
    ] as const) {
      if (!input) await writeFile(file, rotten);
      const { code, output } = await verify(file, input);
      t.equal(code, 1);
      t.match(output, new RegExp(`^DAMAGED [^\\n]*${member.replaceAll('.', '\\.')}[^\\n]*\\n$`), member);
      const others = ['metadata.json', 'größe.sh', 'dense.iso', 'a.json', 'checksums', 'archive.sha256'];
      for (const other of others.filter((other) => !member.includes(other))) t.notMatch(output, other);
    }
  };
  for (const { path } of profile.members) {
    const piece = pieces.findLast((piece) => piece.kind === 'segment' && piece.path === path)!;
    t.equal(pieces[pieceAt(pieces, piece.offset)], piece);
    await damage(piece.offset + Math.floor(piece.length / 2), path);
  }
  await damage(800, 'profile/metadata.json');
  await damage(archive.bodySize + 5 + 512 + 3, 'profile/archive.sha256');
  t.match(await verify('-', bytes.subarray(0, -1)), { code: 1, output: /^DAMAGED .*is cut off/ });
  t.match(await verify('-', Buffer.concat([bytes, Buffer.from('x')])), { code: 1, output: /^DAMAGED/ });
  t.match(await verify('-', Buffer.from('no archive at all')), { code: 1, output: /^DAMAGED/ });
  t.match(await verify('-', Buffer.alloc(0)), { code: 1, output: /^DAMAGED/ });
});

t.test('what cannot be read', async (t) => {
  t.match(await verify(join(folder, 'missing')), { code: 2, output: /^Cannot read .*no such file/ });
  t.match(await verify(folder), { code: 2, output: /^Cannot read .*it is a folder/ });
  for (const args of [['--help'], [], ['a', 'b'], ['--frobnicate', path]])
    t.match(await start(process.execPath, [command, ...args]), { code: 2, output: /^usage: / });
});

t.test('as an npm script', async (t) => {
  const npm = needTool(t, 'npm');
  if (!npm) return;
  const root = join(import.meta.dirname, '../..');
  const result = await new Promise<Ended>((resolve) =>
    execFile(npm, ['run', '--silent', 'verify', '--', path], { ...bare, cwd: root }, (error, output) =>
      resolve({ code: error?.code ?? 0, output }),
    ),
  );
  t.match(result, { code: 0, output: /^whole/ });
});

t.test('progress, where somebody looks', async (t) => {
  const script = needTool(t, 'script');
  if (!script) return;
  const atTerminal = async (line: string) => {
    const program = `'${process.execPath}' '${command}'`;
    return await start(script, ['-qec', line.replace('VERIFY', program), '/dev/null']);
  };
  const file = await atTerminal(`VERIFY "it's.tar.gz"`);
  t.match(file, { code: 0, output: /\r\[#{10,}\s*\] \d\d? %/ });
  t.match(file.output, /\r\[#{40}\] 100 %\r.\[Kwhole/, 'the bar is gone when the result comes');
  t.match(await atTerminal(`cat "it's.tar.gz" | VERIFY -`), { code: 0, output: /\r3 MB\r.\[Kwhole/ });
  t.notMatch((await verify(path)).output, '\r', 'and not in a log');
});
