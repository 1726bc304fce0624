/**
 * `npm run demo`: the main job from nothing. Starts everything on an empty temporary folder and free ports,
 * imports the samples, makes a profile, exports it here and to an SFTP server, checks both with the tools of
 * the machine, keeps the archive in ./demo and leaves nothing running.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { removeEmbedded } from '@osimage/database';
import { buildSamples, buildWindowsSamples } from '../samples/build.ts';
import { startSftpServer } from '../samples/openssh.ts';
import { DemoClient } from './demo-client.ts';

const run = promisify(execFile);
const started = performance.now();
const kept = join(process.cwd(), 'demo');
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => stopping.abort(new Error('interrupted')));

const say = (line: string) => process.stdout.write(`${line}\n`);
const seconds = (from: number) => `${((performance.now() - from) / 1000).toFixed(1)} s`;

const cleanUps: (() => Promise<unknown>)[] = [];
try {
  await demo();
} catch (error) {
  process.stderr.write(`demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp().catch(() => {});
}
process.exit();

async function demo(): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'osimage-demo-'));
  cleanUps.push(() => rm(work, { recursive: true, force: true }));
  // The user of an SFTP server walks through it to a folder of its own.
  await chmod(work, 0o711);
  const password = randomBytes(12).toString('base64url');
  const url = await startProduct(join(work, 'data'), password);
  say(`started in ${seconds(started)}: PostgreSQL, packager and gateway at ${url}`);

  const client = new DemoClient(url, stopping.signal, (line) => process.stdout.write(line));
  await client.signIn('USERID', password);
  const samples = await buildSamples(join(work, 'samples'));
  const ids: Record<string, string[]> = {};
  for (const sample of [...samples, ...(await buildWindowsSamples(join(work, 'windows')))]) {
    const id = await client.importFile(sample);
    if (samples.includes(sample)) ids[sample.imageType] = [...(ids[sample.imageType] ?? []), id];
  }
  const profileId = await client.createProfile('sample|sample-x86_64-install-Minimal', 'web', ids);
  say(`made the profile ${profileId}`);

  const local = await client.export(profileId);
  await mkdir(kept, { recursive: true });
  const archive = join(kept, local.filename);
  await pipeline(
    Readable.fromWeb(await client.download(`/osImages/${local.filename}`)),
    createWriteStream(archive),
  );
  await pipeline(
    Readable.fromWeb(await client.download(`/osImages/${local.filename}.sha256`)),
    createWriteStream(`${archive}.sha256`),
  );
  const files = await check(archive, work);
  say(`downloaded and checked with gzip, tar and sha256sum: ${files} files`);

  const sftp = await startSftpServer({ folder: join(work, 'sftp') });
  cleanUps.push(() => sftp.stop());
  say(`SFTP server: ${sftp.kind}`);
  const { address, port, username, password: sftpPassword } = sftp;
  const { serverId } = await client.addServer({
    displayName: 'demo',
    address,
    port,
    username,
    password: sftpPassword,
  });
  const remote = await client.export(
    profileId,
    `?serverId=${serverId}&path=${encodeURIComponent(`${sftp.folder}/delivered/`)}`,
  );
  const same = (await readFile(archive)).equals(await readFile(remote.finalPath));
  if (!same) throw new Error('the delivered archive differs from the local one');
  await run('sha256sum', ['-c', `${remote.filename}.sha256`], { cwd: join(sftp.folder, 'delivered') });
  say('the delivered archive has the same bytes, and its .sha256 agrees');

  say('');
  say(`archive   ${archive}`);
  say(`size      ${local.size} bytes`);
  say(`sha256    ${local.sha256}`);
  say(`all of it ${seconds(started)}`);
}

/** Starts the product and gives its address. */
async function startProduct(dataDir: string, password: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, 'run.mjs'), 'start'], {
    env: {
      ...env,
      DATA_DIR: dataDir,
      GATEWAY_PORT: '0',
      GATEWAY_HOST: '127.0.0.1',
      PACKAGER_LISTEN: '127.0.0.1:0',
      PACKAGER_ADDRESS: '',
      TLS_CERT: '',
      TLS_KEY: '',
      GRPC_CA: '',
      GRPC_CERT: '',
      GRPC_KEY: '',
      TRUST_PROXY: '',
      ADMIN_USER: 'USERID',
      ADMIN_PASSWORD: password,
      SAMPLES: '',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanUps.push(async () => {
    await end(child);
    await removeEmbedded(dataDir);
  });
  const ready = Promise.withResolvers<string>();
  createInterface(child.stdout).on('line', (line) => {
    const url = /^ready (\S+)/.exec(line)?.[1];
    if (url) ready.resolve(url);
  });
  child.once('exit', (code) => ready.reject(new Error(`the product did not start (exit code ${code})`)));
  stopping.signal.addEventListener('abort', () => ready.reject(stopping.signal.reason));
  return await ready.promise;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Checks an archive as anybody would; gives how many files it holds. */
async function check(archive: string, work: string): Promise<number> {
  const unpacked = join(work, 'unpacked');
  await mkdir(unpacked);
  await run('sha256sum', ['-c', `${archive.slice(archive.lastIndexOf('/') + 1)}.sha256`], { cwd: kept });
  await run('gzip', ['-t', archive]);
  await run('tar', ['-xzf', archive, '-C', unpacked]);
  const { stdout } = await run('sha256sum', ['-c', 'profile/checksums.sha256'], { cwd: unpacked });
  await checkInside(archive, await readFile(join(unpacked, 'profile/archive.sha256'), 'utf8'));
  return stdout.trim().split('\n').length + 2;
}

/** An archive carries the digest of its own bytes up to the member that tells it (docs/archive-format.md). */
async function checkInside(archive: string, line: string): Promise<void> {
  const [, digest, count] = /^([0-9a-f]{64}) {2}(\d+)/.exec(line) ?? [];
  const bytes = (await readFile(archive)).subarray(0, Number(count));
  if (createHash('sha256').update(bytes).digest('hex') !== digest)
    throw new Error('archive.sha256 does not agree');
}
