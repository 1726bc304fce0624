/**
 * `npm run bench [-- MEASURE…] [--runs N]`: the figures of the docs, each beside its peer on the same bytes, in turn.
 * Prints Markdown tables of medians and writes bench/result.json. Needs the peers as Debian packages: pigz, isal,
 * nginx, curl, rsync, postgresql-client, and what bench/corpus.ts needs. As root the tmpfs measures get huge pages.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, type Measure, type Table, toMarkdown } from './measure.ts';
import { measureBackup } from './measures/backup.ts';
import { measureDisk } from './measures/disk.ts';
import { measureDownload } from './measures/download.ts';
import { measureExport } from './measures/export.ts';
import { measureGrowth } from './measures/growth.ts';
import { measureImport } from './measures/import.ts';
import { measureLarge } from './measures/large.ts';
import { measureSmall } from './measures/small.ts';

const measures: Record<string, Measure> = {
  export: measureExport,
  disk: measureDisk,
  import: measureImport,
  small: measureSmall,
  download: measureDownload,
  growth: measureGrowth,
  large: measureLarge,
  backup: measureBackup,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' } },
});
const runs = Number(values.runs);
const unknown = positionals.find((name) => !Object.hasOwn(measures, name));
if (unknown !== undefined || !Number.isSafeInteger(runs) || runs < 1) {
  process.stderr.write(
    `usage: npm run bench [-- MEASURE…] [--runs N]; measures: ${Object.keys(measures).join(', ')}\n`,
  );
  process.exit(2);
}

const tables: Table[] = [];
for (const [name, measure] of Object.entries(measures)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  tables.push(...(await measured(name, measure)));
}
const machine = describeMachine();
process.stdout.write(`\n${machine}, ${runs} runs\n\n${tables.map(toMarkdown).join('\n')}`);
await writeFile(
  join(import.meta.dirname, 'result.json'),
  `${JSON.stringify({ machine, runs, tables: tables.map(({ title, data }) => ({ title, data })) }, null, 2)}\n`,
);
process.exit();

/** Runs one measure and undoes, last first, what it set up. */
async function measured(name: string, measure: Measure): Promise<Table[]> {
  const cleanUps: (() => Promise<unknown>)[] = [];
  try {
    return await measure({
      runs,
      say: (line) => process.stderr.write(`${name}: ${line}\n`),
      atEnd: (cleanUp) => cleanUps.unshift(cleanUp),
    });
  } finally {
    for (const cleanUp of cleanUps) await cleanUp();
  }
}
