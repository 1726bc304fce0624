/** An installation whose jobs are to be stopped at named steps: something of every kind of job to start. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { SftpServer } from '../../samples/sftp-server.ts';
import type { Step } from '../../services/packager/steps.ts';
import { freePort } from '../support/daemon.ts';
import { addProfile, importWindows } from '../support/sample-profile.ts';
import { type RunningServices, type ServicesOptions, startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { type Holds, makeHolds } from './holds.ts';
import { watchRows } from './row-watch.ts';

/** Larger than the chunks of a stream and a packed segment, so that there is a middle. */
const contentBytes = 4 * 1024 * 1024;

type Kind = 'upload' | 'fetch' | 'local export' | 'remote export';

const outside: readonly Step[] = ['claimed', 'first-byte', 'middle'];
/** Of each kind its steps in order. Those after which a transaction is open come last: it cannot stay open for long. */
const steps: Record<Kind, readonly Step[]> = {
  upload: [...outside, 'after-commit', 'before-publish', 'before-commit'],
  fetch: [...outside, 'after-commit', 'before-publish', 'before-commit'],
  'local export': [...outside, 'before-publish', 'after-commit', 'before-commit'],
  'remote export': [...outside, 'before-publish', 'after-publish', 'after-commit', 'before-commit'],
};

const isInTransaction = (kind: Kind, step: Step): boolean =>
  step === 'before-commit' || (step === 'before-publish' && (kind === 'upload' || kind === 'fetch'));

/** A job and where its first worker is held. */
export interface HeldJob {
  readonly id: string;
  readonly kind: Kind;
  readonly step: Step;
  readonly copy: number;
  /** Of a remote export: the folder it goes to. */
  readonly folder: string;
}

export interface Installation extends RunningServices {
  readonly sftp: SftpServer;
  /** What its exports are of. */
  readonly profileId: string;
  /** Of the first packager, which runs alone until startSuccessor(). */
  readonly holds: Holds;
  /** Starts jobs of every kind for every step, as many `copies`, and waits until each is held there. */
  startHeld(copies?: number): Promise<HeldJob[]>;
  startSuccessor(env?: NodeJS.ProcessEnv): Promise<void>;
  /** What must not have happened to any row of a job. */
  violations(): Promise<string[]>;
}

/** Undefined: skipped for want of OpenSSH. */
export async function makeInstallation(
  t: Test,
  options: Pick<ServicesOptions, 'database' | 'env'> = {},
): Promise<Installation | undefined> {
  const sftp = await startSshd(t);
  if (sftp === undefined) return undefined;
  const holds = await makeHolds(t);
  const later = `127.0.0.1:${await freePort()}`;
  const services = await startServices(t, {
    ...options,
    laterPackagers: [later],
    packagerEnv: { PACKAGER_JOBS: '64', SERVER_JOBS: '64', DRAIN_SECONDS: '60', ...holds.env },
  });
  const { client } = services;
  const work = await mkdtemp(join(tmpdir(), 'osimage-chaos-'));
  t.teardown(() => rm(work, { recursive: true }));
  const violations = await watchRows(services.db);

  const { address, port, username, password } = sftp;
  const server = { displayName: 'chaos', address, port, protocol: 'SFTP', username, password };
  const { serverId } = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', server);
  const imageId = await importWindows(client, work, 'win2016');
  const script = {
    imageType: 'SCRIPT',
    path: await writeScript(work, 'profile'),
    name: 'profile.cmd',
    os: 'win',
  };
  const profileId = await addProfile(
    client,
    `${imageId}|${imageId}-x86_64-install-Standard`,
    [script],
    'chaos',
  );

  let number = 0;
  const start = async (kind: Kind): Promise<{ id: string; folder: string }> => {
    const name = `${kind.replace(' ', '-')}-${++number}`;
    const order = { imageType: 'SCRIPT', name: `${name}.cmd`, os: 'win' };
    switch (kind) {
      case 'upload':
        return {
          id: await client.startImport({ ...order, path: await writeScript(work, name) }),
          folder: '',
        };
      case 'fetch': {
        const path = await writeScript(sftp.folder, name);
        return { id: await client.importRemote({ serverId, path }, order), folder: '' };
      }
      case 'local export':
        return { id: (await client.export(profileId)).jobID, folder: '' };
      case 'remote export': {
        const folder = join(sftp.folder, name);
        const query = `?serverId=${serverId}&path=${encodeURIComponent(`${folder}/`)}`;
        return { id: (await client.export(profileId, query)).jobID, folder };
      }
    }
  };

  return {
    ...services,
    sftp,
    profileId,
    holds,
    violations,
    async startHeld(copies = 1) {
      await holds.others('unknown');
      const wanted = (Object.keys(steps) as Kind[])
        .flatMap((kind) => steps[kind].map((step) => ({ kind, step })))
        .flatMap((one) => Array.from({ length: copies }, (_, copy) => ({ ...one, copy })))
        .sort((a, b) => Number(isInTransaction(a.kind, a.step)) - Number(isInTransaction(b.kind, b.step)));
      const jobs: HeldJob[] = [];
      const begin = async (one: (typeof wanted)[number]) => {
        const { id, folder } = await start(one.kind);
        await holds.at(id, one.step);
        jobs.push({ id, folder, ...one });
      };
      // One after the other: all at once would only wait for each other.
      for (const one of wanted) await begin(one);
      await holds.held(jobs.map(({ id }) => id));
      return jobs;
    },
    async startSuccessor(env = {}) {
      await services.addPackager({ PACKAGER_LISTEN: later, NODE_OPTIONS: '', ...env });
    },
  };
}

/** A file of bytes that nobody else has; gives its path. */
async function writeScript(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.cmd`);
  await writeFile(path, `rem ${randomBytes(contentBytes / 2).toString('hex')}\n`);
  return path;
}
