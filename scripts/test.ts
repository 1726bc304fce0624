/**
 * `npm test [files]`: all tests on one embedded PostgreSQL. A line for each test file, everything about
 * one that failed, and `N passed, N failed` at the end.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { chmod, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startEmbedded } from '@osimage/database';
import { TapOutput } from './tap-output.ts';

const root = join(import.meta.dirname, '..');
const tap = join(root, 'node_modules/tap/dist/esm/run.mjs');

const stop = new AbortController();
process.on('SIGINT', () => stop.abort());
process.on('SIGTERM', () => stop.abort());

await buildRunner();
const folder = await mkdtemp(join(tmpdir(), 'osimage-test-'));
// As root, the database's account goes through it to a folder of its own.
await chmod(folder, 0o711);
const database = await startEmbedded({ dataDir: folder, durable: false, temporary: true });
let exitCode: number;
try {
  exitCode = await runTests(database.url, process.argv.slice(2));
} finally {
  await database.stop();
}
process.exit(exitCode);

/** The runner comes with a TypeScript plugin built in that cannot work with our compiler; it is built without. */
async function buildRunner(): Promise<void> {
  const built = await readFile(join(root, 'node_modules/@tapjs/test/test-built/dist/esm/index.js'), 'utf8');
  if (!built.includes('@tapjs/typescript')) return;
  const result = spawnSync(process.execPath, [tap, 'build'], { cwd: root, encoding: 'utf8' });
  if (result.status === 0) return;
  console.error(`The test runner could not be prepared:\n${result.stdout}${result.stderr}`);
  process.exit(1);
}

async function runTests(databaseUrl: string, args: readonly string[]): Promise<number> {
  const output = new TapOutput(({ ok, name, seconds, output }) => {
    if (!ok) console.log(output.join('\n'));
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  });
  const child = spawn(process.execPath, [tap, '--reporter=tap', ...args.flatMap(expand)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TEST_DATABASE_URL: databaseUrl },
  });
  stop.signal.addEventListener('abort', () => child.kill('SIGTERM'));
  createInterface({ input: child.stdout }).on('line', (line) => output.line(line));
  const [code] = (await once(child, 'close')) as [number | null];
  const { passed, failed } = output.totals(code ?? 1);
  if (failed) console.log(output.rest().join('\n'));
  if (output.missingTools.size)
    console.log(`skipped for want of a tool: ${[...output.missingTools].sort().join(', ')}`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed ? 1 : 0;
}

/** A folder stands for the tests in it. */
function expand(argument: string): string[] {
  if (argument.startsWith('-')) return [argument];
  const inside = globSync(join(argument, '**/*.test.ts'), { cwd: root });
  return inside.length ? inside : [argument];
}
