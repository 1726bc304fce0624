/** What a service holds, in one text to compare: every row it keeps and every file of its store. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '@osimage/database';

/** Tables that are meant to grow when something is refused, or that keep time. */
const moving = new Set(['audit', 'sessions', 'sign_in_failures', 'workers', 'gateways']);

export async function stateOf(db: Database, dataDir: string): Promise<string> {
  const { rows } = await db.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' order by 1",
  );
  const lines: string[] = [];
  for (const { name } of rows.filter((table) => !moving.has(table.name) && !table.name.startsWith('audit'))) {
    const content = await db.query<{ row: string }>(`select t::text as row from "${name}" t order by 1`);
    const digest = createHash('sha256')
      .update(content.rows.map(({ row }) => row).join('\n'))
      .digest('hex');
    lines.push(`${name} ${content.rows.length} ${digest}`);
  }
  const files = await readdir(join(dataDir, 'store'), { recursive: true });
  return [...lines, ...files.sort()].join('\n');
}
