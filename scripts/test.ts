/**
 * `npm test [files or folders]`: all tests on one embedded PostgreSQL, each file a process of its own. A line
 * for each file, everything about one that failed, and `N passed, N failed` at the end.
 *
 * The files are run by Node itself and not by tap's runner, which would put its own code into every process
 * a test starts, the services included.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, statSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '@osimage/database';
import { readTap } from './tap-output.ts';

const root = join(import.meta.dirname, '..');
/** A file that takes longer hangs. Read by tap, which then names the tests that were not done. */
const timeoutSeconds = 600;
/** When even tap does not end it. */
const killMs = (timeoutSeconds + 30) * 1000;
/** One file more than there are processors: a third of the time is spent waiting, for networks that are cut and leases that end. */
const atOnce = availableParallelism() + 1;

const stop = new AbortController();
process.on('SIGINT', () => stop.abort());
process.on('SIGTERM', () => stop.abort());

const files = find(process.argv.slice(2));
const folder = await mkdtemp(join(tmpdir(), 'osimage-test-'));
// As root, the database's account goes through it to a folder of its own.
await chmod(folder, 0o711);
const database = await startEmbedded({ dataDir: folder, durable: false, temporary: true });
let passed = 0;
let failed = 0;
const missingTools = new Set<string>();
try {
  await Promise.all(Array.from({ length: atOnce }, work));
} finally {
  await database.stop();
}
if (missingTools.size) console.log(`skipped for want of a tool: ${[...missingTools].sort().join(', ')}`);
if (stop.signal.aborted) failed ||= 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
// Everything is closed, so the process ends by itself. Node 24's process.exit() may wait for ever for its own compiler
// threads (nodejs/node 54918), so it is only what ends a process that something keeps alive.
setTimeout(() => process.exit(), 10_000).unref();

/** The test files meant by the arguments; all without any. */
function find(args: readonly string[]): string[] {
  const wanted = args.length ? args : ['test'];
  return wanted.flatMap((path) => {
    try {
      return statSync(path).isDirectory() ? globSync(join(path, '**/*.test.ts')).sort() : [path];
    } catch {
      console.error(`There is no test ${path}`);
      return process.exit(1);
    }
  });
}

async function work(): Promise<void> {
  for (let file = files.shift(); file && !stop.signal.aborted; file = files.shift()) {
    const started = performance.now();
    const { output, code } = await run(file);
    const result = readTap(output, code);
    passed += result.passed;
    failed += result.failed;
    for (const tool of result.missingTools) missingTools.add(tool);
    if (result.failed) console.log(output.trimEnd());
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${result.failed ? 'FAILED' : 'ok    '} ${file} (${seconds} s)`);
  }
}

async function run(file: string): Promise<{ output: string; code: number | null }> {
  const child = spawn(process.execPath, [file], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      TEST_DATABASE_URL: database.url,
      TAP_TIMEOUT: String(timeoutSeconds),
      // A run starts a thousand processes of the same code: compiled once, each takes half the processor time to start.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const end = () => child.kill('SIGTERM');
  stop.signal.addEventListener('abort', end);
  const kill = setTimeout(() => child.kill('SIGKILL'), killMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(kill);
  stop.signal.removeEventListener('abort', end);
  return { output, code };
}
