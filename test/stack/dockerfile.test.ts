/** The Dockerfile: bases that can be replaced, nobody is root, and in the image is what runs and nothing else. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, relative } from 'node:path';
import t from 'tap';
import { nodeOptions, readComposeFile, root } from './compose-file.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');

interface Stage {
  readonly base: string;
  readonly lines: string[];
}

const stages = new Map<string, Stage>();
let current: Stage | undefined;
for (const line of lines) {
  const [, base, name] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? [];
  if (base && name) {
    current = { base, lines: [] };
    stages.set(name, current);
  } else current?.lines.push(line);
}

/** What a stage takes from the checkout. */
function copied(name: string): string[] {
  return (stages.get(name)?.lines ?? []).flatMap((line) => {
    const words = line.split(/\s+/);
    if (words[0] !== 'COPY' || words[1]?.startsWith('--from=')) return [];
    return words.slice(1, -1);
  });
}

/** The files that run when `entries` are started: what they import, and so on. */
function closure(entries: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, specifier = ''] of read(file).matchAll(/(?:from |import |import\()'([^']+)'/g)) {
      if (specifier.startsWith('.')) visit(relative(root, join(root, dirname(file), specifier)));
      else if (specifier.startsWith('@osimage/')) visit(`packages/${specifier.slice(9)}/index.ts`);
    }
  };
  for (const entry of entries) visit(entry);
  return seen;
}

t.test('every base image is an argument, which Compose can set', async (t) => {
  const args = lines.flatMap((line) => /^ARG (\w+_IMAGE)=\S+$/.exec(line)?.[1] ?? []);
  t.equal(args.length, 3);
  for (const [name, { base }] of stages)
    t.ok(args.some((arg) => base === `\${${arg}}`) || stages.has(base), `${name} is made from ${base}`);
  const file = await readComposeFile(t);
  if (!file) return;
  for (const [name, { build }] of Object.entries(file.services)) {
    if (!build) continue;
    t.same(Object.keys(build.args).sort(), [...args].sort(), name);
    t.ok(stages.has(build.target), `${name}: ${build.target}`);
  }
});

t.test('no image that is used runs as root', async (t) => {
  for (const name of ['app', 'edge', 'database']) {
    const users = stages.get(name)?.lines.flatMap((line) => /^USER (\S+)$/.exec(line)?.[1] ?? []);
    t.match(users?.at(-1), /^(osimage|postgres)$/, name);
  }
});

t.test('the program is in the image, and nothing else of the checkout', async (t) => {
  const scripts = copied('program').filter((path) => path.startsWith('scripts/'));
  const folders = copied('program').filter((path) => !scripts.includes(path));
  t.same(folders.sort(), ['LICENSE', 'package.json', 'packages', 'proto', 'samples', 'services']);
  t.same(copied('app'), []);
  const services = globSync('services/*/main.ts', { cwd: root });
  t.equal(services.length, 3);
  const commands = scripts.filter((path) => path !== 'scripts/demo-client.ts');
  const needed = closure([...services, ...commands]);
  const there = [...folders, ...scripts];
  t.same(
    [...needed].filter((file) => !there.some((path) => file === path || file.startsWith(`${path}/`))),
    [],
    'all that is imported is copied',
  );
  t.same(
    scripts.filter((path) => !needed.has(path)),
    [],
    'no script is copied for nothing',
  );
});

t.test('what Compose and the probes call is in it', async (t) => {
  const file = await readComposeFile(t);
  const called = Object.values(file?.services ?? {}).flatMap(
    ({ image, entrypoint = [], command = [], healthcheck }) =>
      image.startsWith('osimage-export') ? [...entrypoint, ...command, ...(healthcheck?.test ?? [])] : [],
  );
  const programs = called.filter((word) => word.endsWith('.ts'));
  if (file) t.ok(programs.length >= 4);
  for (const program of programs)
    t.ok(
      copied('program').some((path) => program === path || program.startsWith(`${path}/`)),
      program,
    );
  const command = stages.get('app')?.lines.findLast((line) => line.startsWith('CMD '));
  t.same(JSON.parse(command?.slice(4) ?? '[]'), [
    'node',
    ...nodeOptions('gateway'),
    'services/gateway/main.ts',
  ]);
});

t.test('.dockerignore lets through what is copied, and only that', async (t) => {
  const rules = read('.dockerignore')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'));
  t.equal(rules[0], '*', 'everything else stays out');
  t.equal(rules.at(-1), '**/node_modules');
  const through = rules.flatMap((rule) => (rule.startsWith('!') ? [rule.slice(1)] : []));
  const wanted = new Set([...stages.keys()].flatMap(copied));
  for (const path of wanted) {
    t.ok(existsSync(join(root, path)), `${path} exists`);
    t.ok(
      through.some((rule) => path === rule || matchesGlob(path, `${rule}/**`)),
      `${path} comes through`,
    );
  }
  for (const rule of through)
    t.ok(
      [...wanted].some((path) => path === rule || path.startsWith(`${rule}/`)),
      `${rule} is copied`,
    );
});
