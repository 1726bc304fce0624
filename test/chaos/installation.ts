/** An installation whose jobs are to be stopped at named steps: something of every kind of job to start. */
import type { Test } from 'tap';
import type { SftpServer } from '../../samples/sftp-server.ts';
import type { Step } from '../../services/packager/steps.ts';
import { freePort } from '../support/daemon.ts';
import { type RunningServices, type ServicesOptions, startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { type Holds, makeHolds } from './holds.ts';
import { type Kind, kinds, prepareJobs, type StartedJob } from './job-kinds.ts';
import { watchRows } from './row-watch.ts';

const outside: readonly Step[] = ['claimed', 'first-byte', 'middle'];
/** Of each kind its steps in order. Those after which a transaction is open come last: it cannot stay open for long. */
export const steps: Record<Kind, readonly Step[]> = {
  upload: [...outside, 'after-commit', 'before-publish', 'before-commit'],
  fetch: [...outside, 'after-commit', 'before-publish', 'before-commit'],
  'local export': [...outside, 'before-publish', 'after-commit', 'before-commit'],
  'remote export': [...outside, 'before-publish', 'after-publish', 'after-commit', 'before-commit'],
};

const isInTransaction = (kind: Kind, step: Step): boolean =>
  step === 'before-commit' || (step === 'before-publish' && (kind === 'upload' || kind === 'fetch'));

/** A job and where its first worker is held. */
export interface HeldJob extends StartedJob {
  readonly step: Step;
  readonly copy: number;
}

export interface Installation extends RunningServices {
  readonly sftp: SftpServer;
  /** What its exports are of. */
  readonly profileId: string;
  /** Of the first packager, which runs alone until startSuccessor(). */
  readonly holds: Holds;
  /** Starts one job and waits until it is held at `step`. */
  startAt(kind: Kind, step: Step): Promise<StartedJob>;
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
  const violations = await watchRows(services.db);
  const { profileId, start } = await prepareJobs(t, services.client, sftp);

  return {
    ...services,
    sftp,
    profileId,
    holds,
    violations,
    async startAt(kind, step) {
      await holds.others('unknown');
      const job = await start(kind);
      await holds.at(job.id, step);
      await holds.held([job.id]);
      return job;
    },
    async startHeld(copies = 1) {
      await holds.others('unknown');
      const wanted = kinds
        .flatMap((kind) => steps[kind].map((step) => ({ kind, step })))
        .flatMap((one) => Array.from({ length: copies }, (_, copy) => ({ ...one, copy })))
        .sort((a, b) => Number(isInTransaction(a.kind, a.step)) - Number(isInTransaction(b.kind, b.step)));
      const jobs: HeldJob[] = [];
      const begin = async (one: (typeof wanted)[number]) => {
        const job = await start(one.kind);
        await holds.at(job.id, one.step);
        jobs.push({ ...one, ...job });
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
