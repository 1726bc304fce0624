/**
 * `npm run bench:upload [-- --size MB --delays 0,50 --runs N --peers 'scp,…' --plot]`: an export to an SFTP server over links of
 * several delays, beside what people copy files with: the same bytes, the same OpenSSH server, in turn. Ours is the whole
 * job, from the accepted request to `Complete`, with its check of the content and its `.sha256`; theirs is the copying.
 * Prints Markdown tables of medians, writes bench/upload.json, and with --plot docs/upload.svg. Needs root and the Debian
 * packages openssh-server, openssh-client, rclone and lftp; lftp needs minutes for 1 GB over a long link.
 */
import { randomBytes } from 'node:crypto';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startOpenSsh } from '../samples/openssh.ts';
import { importWindows } from '../test/support/sample-profile.ts';
import { describeMachine, toMarkdown } from './measure.ts';
import { memoryFolder } from './places.ts';
import { secondsOf, startProduct } from './product.ts';
import { storeFile, storeProfile } from './stored-files.ts';
import { measureDelays } from './upload/delays.ts';
import { makeKey, peers, versions } from './upload/peers.ts';
import { plotSpeeds, tables } from './upload/report.ts';

const MB = 1_000_000;

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1000' },
    delays: { type: 'string', default: '0,20,50,100,200' },
    runs: { type: 'string', default: '3' },
    peers: { type: 'string', default: Object.keys(peers).join(',') },
    plot: { type: 'boolean', default: false },
  },
});
const size = Number(values.size) * MB;
const delays = values.delays.split(',').map(Number);
const runs = Number(values.runs);
const wanted = values.peers.split(',').filter((name) => name !== '');
if (!(size > 0 && runs >= 1 && delays.every((ms) => ms >= 0)) || wanted.some((name) => !(name in peers))) {
  process.stderr.write(
    `usage: npm run bench:upload -- --size MB --delays MS,… --runs N --peers NAME,… --plot\n`,
  );
  process.exit(2);
}

const cleanUps: (() => Promise<unknown>)[] = [];
const bench = {
  runs,
  say: (line: string) => process.stderr.write(`${line}\n`),
  atEnd: (cleanUp: () => Promise<unknown>) => cleanUps.unshift(cleanUp),
};
try {
  const folder = await memoryFolder(bench);
  const server = await startOpenSsh({ folder: join(folder, 'server') });
  if (server === undefined) throw new Error('needs root and openssh-server');
  bench.atEnd(() => server.stop());
  const key = await makeKey(server, folder);
  const product = await startProduct(bench, folder);
  const profileId = await randomProfile();
  // What the peers send is our archive.
  const { jobID, filename } = await product.client.export(profileId);
  await secondsOf(product, jobID);
  const { rows } = await product.db.query<{ path: string }>(
    'select physical_path as path from archives where id = $1',
    [filename],
  );
  const archive = join(product.store, rows[0]!.path);
  const results = await measureDelays(bench, {
    product,
    server,
    key,
    profileId,
    archive,
    delays,
    peers: wanted,
  });
  const machine = `${describeMachine()}, ${await versions()}`;
  const report = tables(results, size, wanted);
  process.stdout.write(`\n${machine}, ${runs} runs\n\n${report.map(toMarkdown).join('\n')}`);
  const data = { machine, runs, size, results };
  await writeFile(join(import.meta.dirname, 'upload.json'), `${JSON.stringify(data, null, 2)}\n`);
  if (values.plot)
    await writeFile(join(import.meta.dirname, '../docs/upload.svg'), plotSpeeds(results, size));

  /** A profile with one file that does not shrink. */
  async function randomProfile(): Promise<string> {
    const imageId = await importWindows(product.client, folder, 'win2016');
    const path = join(folder, 'payload.bin');
    const file = await open(path, 'w');
    for (let left = size; left > 0; left -= 16 * MB) await file.write(randomBytes(Math.min(left, 16 * MB)));
    await file.close();
    const id = await storeFile(product, 'payload.zip', path);
    await rm(path);
    return await storeProfile(product, `${imageId}|${imageId}-x86_64-install-Standard`, 'upload', [id]);
  }
} finally {
  for (const cleanUp of cleanUps) await cleanUp();
}
process.exit();
