/**
 * `npm run check`: types, lint, layering, dead code, the proto and what is generated from it, and the pages
 * generated from the code. Side by side; what fails is printed whole.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generateTypes } from './generate-types.ts';

interface Check {
  readonly name: string;
  /** Gives what is wrong, or an empty text. */
  readonly run: () => Promise<string>;
}

const root = join(import.meta.dirname, '..');
const generated = join(root, 'packages/packaging-api/generated');

const checks: Check[] = [
  { name: 'types', run: () => tool('tsc', '-p', '.') },
  { name: 'dead code', run: () => tool('knip') },
  {
    name: 'layers',
    run: () =>
      tool(
        'depcruise',
        '--config',
        '.dependency-cruiser.cjs',
        'packages',
        'services',
        'scripts',
        'samples',
        'test',
        'bench',
      ),
  },
  { name: 'lint', run: () => tool('biome', 'ci', '--colors=off') },
  { name: 'proto', run: () => tool('buf', 'lint') },
  { name: 'generated types', run: compareTypes },
  { name: 'generated pages', run: () => run(process.execPath, ['scripts/run.mjs', 'docs', '--check']) },
];

const only = process.argv.slice(2);
const waiting = checks.filter(({ name }) => only.length === 0 || only.includes(name));
let failed = 0;
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
console.log(failed ? `${failed} checks failed` : 'all checks passed');
process.exitCode = failed ? 1 : 0;

async function work(): Promise<void> {
  for (let check = waiting.shift(); check; check = waiting.shift()) {
    const started = performance.now();
    const wrong = await check.run();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (wrong) {
      failed += 1;
      console.log(wrong.trimEnd());
    }
    console.log(`${wrong ? 'FAILED' : 'ok    '} ${check.name} (${seconds} s)`);
  }
}

function tool(name: string, ...args: string[]): Promise<string> {
  return run(join(root, 'node_modules/.bin', name), args);
}

async function run(command: string, args: readonly string[]): Promise<string> {
  // The tools start with "env node", which must be this Node.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0 ? '' : said || `${command} ended with ${code}`;
}

async function compareTypes(): Promise<string> {
  const fresh = await mkdtemp(join(tmpdir(), 'osimage-check-'));
  try {
    await generateTypes(fresh);
    const [there, here] = await Promise.all([readTree(fresh), readTree(generated)]);
    const names = new Set([...there.keys(), ...here.keys()]);
    const different = [...names].filter((name) => there.get(name) !== here.get(name));
    return different
      .map((name) => `generated/${name} is not what the proto says; run "npm run generate"\n`)
      .join('');
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function readTree(folder: string): Promise<Map<string, string>> {
  const tree = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    tree.set(path.slice(folder.length + 1), await readFile(path, 'utf8'));
  }
  return tree;
}
