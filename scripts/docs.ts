/**
 * Makes docs/settings.md and docs/errors.md from the tables in the code. With --check nothing is written
 * and a page that differs is a failure.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catalogue } from '@osimage/errors';
import { type Setting, schema } from '@osimage/settings';

const folder = join(import.meta.dirname, '../docs');
const pages = { 'settings.md': settingsPage(), 'errors.md': errorsPage() };
const onlyCheck = process.argv.includes('--check');

let stale = 0;
await mkdir(folder, { recursive: true });
for (const [name, text] of Object.entries(pages)) {
  const path = join(folder, name);
  if ((await readFile(path, 'utf8').catch(() => '')) === text) continue;
  if (!onlyCheck) await writeFile(path, text);
  else {
    stale += 1;
    console.error(`docs/${name} is not what the code says; run "npm run generate"`);
  }
}
process.exitCode = stale ? 1 : 0;

function settingsPage(): string {
  const rows = Object.entries(schema as Record<string, Setting<unknown>>).map(([name, setting]) => [
    `\`${name}\``,
    setting.shown === 'unset' || setting.shown.includes(' ') ? setting.shown : `\`${setting.shown}\``,
    setting.meaning + (setting.secret ? `. Or \`${name}_FILE\`, a file that holds it` : ''),
  ]);
  return `# Settings

Environment variables, read and checked once at start; a wrong one stops the program with one line that
names it. An empty variable counts as unset. Secrets can come from a file instead, named by \`NAME_FILE\`.

${table(['name', 'default', 'meaning'], rows)}
This page is made from \`packages/settings/schema.ts\` by \`npm run generate\`.
`;
}

function errorsPage(): string {
  const rows = Object.entries(catalogue).map(([code, entry]) => [
    `\`${code}\``,
    entry.id,
    String(entry.http),
    entry.grpc,
    entry.text,
    entry.recovery,
    entry.transient ? 'yes' : '',
  ]);
  return `# Errors

Every failure a caller can be told about. \`code\` is stable: it is in the details of a gRPC status and in
\`error.code\` of a job; the message id is in the \`messages\` of a REST answer. Words in braces are filled in.
"Again" marks failures after which a job tries again by itself.

${table(['code', 'message id', 'HTTP', 'gRPC', 'text', 'what to do', 'again'], rows)}
This page is made from \`packages/errors/catalogue.ts\` by \`npm run generate\`.
`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}
