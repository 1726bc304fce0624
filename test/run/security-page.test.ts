/** SECURITY.md names a test for each point; each must be there under that name. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const root = join(import.meta.dirname, '../..');
const rows = [
  ...readFileSync(join(root, 'SECURITY.md'), 'utf8').matchAll(/\| ([\w/-]+\.test\.ts): (.+) \|$/gm),
];

t.test('each test that is named exists', async (t) => {
  t.ok(rows.length > 20, 'the table is read');
  for (const [, file = '', name = ''] of rows) {
    const path = join(root, 'test', file);
    const source = existsSync(path) ? readFileSync(path, 'utf8') : '';
    t.ok(source.includes(`t.test('${name}'`), `${file}: ${name}`);
  }
});

t.test('every point has one', async (t) => {
  const points =
    readFileSync(join(root, 'SECURITY.md'), 'utf8').match(/^\| (?:\d+\.\d+|audit|caching|forged).*$/gm) ?? [];
  for (const point of points) t.match(point, /\.test\.ts: .+ \|$/);
});
