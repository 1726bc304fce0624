/**
 * The main job against a stack that runs, as one of its users: sign in, import the samples, make a profile, export it
 * here and to the sample file server, check both archives, remove it all again. It runs in the container `smoke` of
 * docker-compose.yml; deploy/smoke.sh starts it. Exit code 0: it works.
 */
import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { verifyArchive } from '@osimage/archive';
import { buildSamples, type Sample } from '../samples/build.ts';
import { DemoClient } from './demo-client.ts';

const pollMs = 250;

const {
  SMOKE_URL = 'https://localhost:8443',
  SMOKE_USER = 'USERID',
  SMOKE_FILES = '/files',
  SMOKE_SECONDS = '180',
} = process.env;
const signal = AbortSignal.timeout(Number(SMOKE_SECONDS) * 1000);
const started = performance.now();
const say = (line: string) => process.stdout.write(`${line}\n`);

const cleanUps: (() => Promise<unknown>)[] = [];
let doing = 'to wait for a gateway that can serve';
try {
  await smoke();
} catch (error) {
  const why = signal.aborted ? `it took longer than ${SMOKE_SECONDS} s` : reason(error);
  process.stderr.write(`The smoke test failed when it tried ${doing}: ${why}\n`);
  process.exitCode = 1;
} finally {
  for (const cleanUp of cleanUps.reverse())
    await cleanUp().catch((error: unknown) => {
      // There is no time left for it.
      if (signal.aborted) return;
      process.stderr.write(`It could not clean up: ${reason(error)}\n`);
      process.exitCode = 1;
    });
}
if (process.exitCode === undefined)
  say(`smoke test passed in ${((performance.now() - started) / 1000).toFixed(1)} s`);

async function smoke(): Promise<void> {
  await untilReady();
  doing = 'to sign in';
  const client = new DemoClient(SMOKE_URL, signal, (text) => process.stdout.write(text));
  await client.signIn(SMOKE_USER, await password());

  // Ids of its own: whatever there is stays as it is, and so does what a run left that was killed.
  const stamp = `smoke-${Date.now().toString(36)}`;
  doing = 'to import the samples';
  const { imageId, fileIds } = await importSamples(client, stamp);
  doing = 'to make a profile';
  const profileId = await client.createProfile(
    `${imageId}|${imageId}-x86_64-install-Minimal`,
    stamp,
    fileIds,
  );
  cleanUps.push(() => client.delete(profileId));
  say(`made the profile ${profileId}`);

  doing = 'to export it here';
  const local = await client.export(profileId);
  cleanUps.push(() => client.delete(local.filename));
  const report = await verifyArchive(chunks(await client.download(`/osImages/${local.filename}`)), {
    signal,
  });
  const side = await new Response(await client.download(`/osImages/${local.filename}.sha256`)).text();
  same('the digest of the archive', report.sha256, local.sha256);
  same('the file .sha256', side, `${local.sha256}  ${local.filename}\n`);
  say(`downloaded and verified: ${report.files} files, ${report.size} bytes`);

  doing = 'to export it to the sample file server';
  const server = await addFileServer(client, stamp);
  const remote = await client.export(profileId, `?serverId=${server}&path=${stamp}/`);
  const folder = join(SMOKE_FILES, 'archives', stamp);
  cleanUps.push(() => rm(folder, { recursive: true }));
  const delivered = join(folder, remote.filename);
  same(
    'the delivered archive',
    (await verifyArchive(createReadStream(delivered), { signal })).sha256,
    local.sha256,
  );
  same(
    'its file .sha256',
    await readFile(`${delivered}.sha256`, 'utf8'),
    `${local.sha256}  ${remote.filename}\n`,
  );
  say('the delivered archive is verified, and has the same bytes');
  doing = 'to remove what it had made';
}

async function untilReady(): Promise<void> {
  for (;;) {
    const answer = await fetch(`${SMOKE_URL}/readyz`, { signal }).catch((error: unknown) => error);
    if (answer instanceof Response && answer.ok) return;
    doing = `to wait for a gateway that can serve (the last answer: ${
      answer instanceof Response ? `${answer.status} ${await answer.text()}` : reason(answer)
    })`;
    await pause(pollMs, undefined, { signal });
  }
}

async function password(): Promise<string> {
  const { SMOKE_PASSWORD, SMOKE_PASSWORD_FILE } = process.env;
  if (SMOKE_PASSWORD) return SMOKE_PASSWORD;
  if (!SMOKE_PASSWORD_FILE) throw new Error('SMOKE_PASSWORD or SMOKE_PASSWORD_FILE must be set');
  return (await readFile(SMOKE_PASSWORD_FILE, 'utf8')).trim();
}

/** Imports the samples as the release `release`, which becomes the image's id; gives the files' ids by image type. */
async function importSamples(client: DemoClient, release: string) {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-smoke-'));
  cleanUps.push(() => rm(folder, { recursive: true }));
  const fileIds: Record<string, string[]> = {};
  let imageId = '';
  for (const sample of await buildSamples(folder)) {
    const order: Sample = sample.imageType === 'OS' ? { ...sample, osrelease: release } : sample;
    const id = await client.importFile(order);
    cleanUps.push(() => client.delete(id));
    if (sample.imageType === 'OS') imageId = id;
    else fileIds[sample.imageType] = [...(fileIds[sample.imageType] ?? []), id];
  }
  return { imageId, fileIds };
}

/** Makes a server profile with a key pair and lets the sample server accept it; gives the profile's id. */
async function addFileServer(client: DemoClient, displayName: string): Promise<string> {
  const { serverId, serverPublicKey } = await client.addServer({
    displayName,
    address: 'files',
    port: 2222,
    username: 'osimage',
    keyType: 'ECDSA-521-secp521r1',
  });
  cleanUps.push(() => client.delete(`remoteFileServers/${serverId}`));
  const accepted = join(SMOKE_FILES, '.ssh/authorized_keys');
  const line = `${serverPublicKey}\n`;
  await appendFile(accepted, line);
  cleanUps.push(async () => writeFile(accepted, (await readFile(accepted, 'utf8')).replace(line, '')));
  return serverId;
}

function same(what: string, found: string, expected: string): void {
  if (found !== expected) throw new Error(`${what} is ${found.trim()}, and not ${expected.trim()}`);
}

async function* chunks(stream: ReadableStream): AsyncIterable<Uint8Array> {
  for await (const chunk of stream) yield chunk as Uint8Array;
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
