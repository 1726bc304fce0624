/** Jobs of every kind, started through the front door, each with content of its own. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { SftpServer } from '../../samples/sftp-server.ts';
import type { RestClient } from '../support/client.ts';
import { addProfile, importWindows } from '../support/sample-profile.ts';

export type Kind = 'upload' | 'fetch' | 'local export' | 'remote export';
export const kinds: readonly Kind[] = ['upload', 'fetch', 'local export', 'remote export'];

/** Larger than the chunks of a stream and a packed segment, so that there is a middle. */
const contentBytes = 4 * 1024 * 1024;

export interface StartedJob {
  readonly id: string;
  readonly kind: Kind;
  /** Of a remote export: the folder it goes to. */
  readonly folder: string;
}

export interface Jobs {
  /** What the exports are of. */
  readonly profileId: string;
  /** Starts one, as another caller than the one everything was put in by where `by` says so. */
  start(kind: Kind, by?: RestClient): Promise<StartedJob>;
}

/** Puts in what jobs need: a profile, and the server `sftp`, with what is `different` about it. */
export async function prepareJobs(
  t: Test,
  client: RestClient,
  sftp: SftpServer,
  different: { port?: number; bytesPerSecond?: number } = {},
): Promise<Jobs> {
  const work = await mkdtemp(join(tmpdir(), 'osimage-chaos-'));
  t.teardown(() => rm(work, { recursive: true }));
  const { address, port, username, password } = sftp;
  const login = { address, port, protocol: 'SFTP', username, password };
  const server = { displayName: 'chaos', ...login, ...different };
  const { serverId } = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', server);
  const imageId = await importWindows(client, work, 'win2016');
  const path = await writeScript(work, 'profile');
  const script = { imageType: 'SCRIPT', path, name: 'profile.cmd', os: 'win' };
  const baseId = `${imageId}|${imageId}-x86_64-install-Standard`;
  const profileId = await addProfile(client, baseId, [script], 'chaos');

  let number = 0;
  return {
    profileId,
    async start(kind, by = client) {
      const name = `${kind.replace(' ', '-')}-${++number}`;
      const order = { imageType: 'SCRIPT', name: `${name}.cmd`, os: 'win' };
      switch (kind) {
        case 'upload': {
          const id = await by.startImport({ ...order, path: await writeScript(work, name) });
          return { id, kind, folder: '' };
        }
        case 'fetch': {
          const path = await writeScript(sftp.folder, name);
          return { id: await by.importRemote({ serverId, path }, order), kind, folder: '' };
        }
        case 'local export':
          return { id: await startExport(by, profileId), kind, folder: '' };
        case 'remote export': {
          const folder = join(sftp.folder, name);
          const query = `?serverId=${serverId}&path=${encodeURIComponent(`${folder}/`)}`;
          return { id: await startExport(by, profileId, query), kind, folder };
        }
      }
    },
  };
}

/** With a key, so that a caller who was told to come back, and does, has one job and not two. */
async function startExport(by: RestClient, profileId: string, query = ''): Promise<string> {
  const path = `/osImages/${encodeURIComponent(profileId)}${query}`;
  const answer = await by.fetch('GET', path, undefined, { 'idempotency-key': randomUUID() });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${text}`);
  return (JSON.parse(text) as { jobID: string }).jobID;
}

/** A file of bytes that nobody else has; gives its path. */
async function writeScript(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.cmd`);
  await writeFile(path, `rem ${randomBytes(contentBytes / 2).toString('hex')}\n`);
  return path;
}
