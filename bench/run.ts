/**
 * `npm run bench [-- RUNS]`: the local export of the corpus beside what people pipe together, on the same bytes, in
 * turn, store and output on tmpfs. Prints a table of medians and ratios and writes bench/result.json.
 * Needs pigz and igzip (Debian: pigz, isal) and what bench/corpus.ts needs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startEmbedded } from '@osimage/database';
import { startService } from '../scripts/service-process.ts';
import { RestClient } from '../test/support/client.ts';
import { makeSampleProfile } from '../test/support/sample-profile.ts';
import { buildCorpus, type CorpusFile } from './corpus.ts';

const runs = Number(process.argv[2] ?? 5);
const password = 'password-of-the-bench';

const files = await buildCorpus(join(tmpdir(), 'osimage-corpus'));
const folder = await mkdtemp('/dev/shm/osimage-bench-');
const cleanUps = [() => rm(folder, { recursive: true })];
try {
  const input = await gather(files, join(folder, 'input'));
  const { ours, clear } = await startOurs(files);
  const peers: Record<string, () => Promise<void>> = {
    'osimage-export': ours,
    'tar | pigz -6': () => shell(`tar -C ${input} -chf - . | pigz -6 > ${folder}/out`),
    'tar | igzip -1': () => shell(`tar -C ${input} -chf - . | igzip -1 -c > ${folder}/out`),
    'node-tar, gzip 6': () =>
      shell(
        `${process.execPath} -e 'import("tar").then((tar) => tar.create({ file: "${folder}/out", gzip: { level: 6 }, cwd: "${input}", follow: true }, ["."]))'`,
      ),
  };
  const times = new Map(Object.keys(peers).map((name) => [name, [] as number[]]));
  for (let turn = 0; turn <= runs; turn++) {
    for (const [name, work] of Object.entries(peers)) {
      const started = performance.now();
      await work();
      const seconds = (performance.now() - started) / 1000;
      // The first turn only warms up.
      if (turn > 0) times.get(name)!.push(seconds);
      await clear();
    }
  }
  await report(times);
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}
process.exit();

/** One folder with all files, as the peers want it. */
async function gather(files: readonly CorpusFile[], into: string): Promise<string> {
  await mkdir(into);
  for (const file of files.filter(({ imageType }) => imageType !== 'OS'))
    await symlink(file.path, join(into, file.name));
  return into;
}

/** Imports the corpus into a running product; `ours` exports it once, from the request to the finished job. */
async function startOurs(files: readonly CorpusFile[]) {
  const dataDir = join(folder, 'data');
  await mkdir(dataDir);
  const databaseDir = await mkdtemp(join(tmpdir(), 'osimage-bench-'));
  const database = await startEmbedded({ dataDir: databaseDir, temporary: true });
  cleanUps.push(() => database.stop());
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    ADMIN_PASSWORD: password,
    LOG_LEVEL: 'warn',
    PACKAGER_LISTEN: '127.0.0.1:0',
    GATEWAY_PORT: '0',
  };
  const packager = await startService('packager', { env });
  cleanUps.push(() => packager.stop(20_000));
  const gateway = await startService('gateway', {
    env: { ...env, PACKAGER_ADDRESS: packager.ready.address },
  });
  cleanUps.push(() => gateway.stop(20_000));
  const client = new RestClient(gateway.ready.url ?? '', 'USERID', password);
  const orders = files.map((file) => ({
    ...file,
    ...(file.imageType === 'OS' && { os: 'win', osrelease: 'win2016' }),
  }));
  const profileId = await makeSampleProfile(client, orders, 'corpus', 'Standard');
  const archives: string[] = [];
  const ours = async () => {
    const { jobID, filename } = await client.export(profileId);
    for (;;) {
      const task = await client.task(jobID);
      if (task.percentage === 100 && task.status !== 'Complete') throw new Error(JSON.stringify(task));
      if (task.percentage === 100) break;
      await pause(5);
    }
    archives.push(filename);
  };
  // Taking the archive away again is not part of an export.
  const clear = async () => {
    for (const name of archives.splice(0)) await client.ok('DELETE', `/osImages/${name}`, {});
  };
  return { ours, clear };
}

async function shell(command: string): Promise<void> {
  const child = spawn('bash', ['-c', `set -o pipefail; ${command}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${command}: exit code ${code}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function report(times: ReadonlyMap<string, readonly number[]>): Promise<void> {
  const machine = `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const ours = median(times.get('osimage-export') ?? []);
  const rows = [...times].map(([name, seconds]) => ({
    name,
    median: median(seconds),
    least: Math.min(...seconds),
    most: Math.max(...seconds),
    ratio: median(seconds) / ours,
  }));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  let table =
    line(['local export, tmpfs', 'median', 'min to max', 'ours is faster by']) +
    line(['---', '---', '---', '---']);
  for (const { name, median, least, most, ratio } of rows) {
    table += line([
      name,
      `${median.toFixed(2)} s`,
      `${least.toFixed(2)} to ${most.toFixed(2)} s`,
      `${ratio.toFixed(1)} ×`,
    ]);
  }
  process.stdout.write(`${machine}, ${runs} runs\n\n${table}`);
  await writeFile(
    join(import.meta.dirname, 'result.json'),
    `${JSON.stringify({ machine, runs, rows }, null, 2)}\n`,
  );
}
