/** The test's side of hold.ts: says where the jobs of one packager are held, and lets them go. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Step } from '../../services/packager/steps.ts';
import { until } from '../support/until.ts';

export interface Holds {
  /** For the packager that is to hold its jobs. */
  readonly env: NodeJS.ProcessEnv;
  /** Holds this job at `step`. */
  at(jobId: string, step: Step): Promise<void>;
  /** Every job without a step of its own: held at `step`, let through, or waiting to hear. */
  others(step: Step | 'nowhere' | 'unknown'): Promise<void>;
  /** Waits until each of these jobs is held in some attempt. */
  held(jobIds: readonly string[]): Promise<void>;
  /** Lets one of them go on. */
  release(jobId: string): Promise<void>;
  /** Lets all of them go on. */
  go(): Promise<void>;
}

/** Makes the holds of one packager, of the version in `checkout`, which lets its jobs through at first. */
export async function makeHolds(t: Test, checkout = join(import.meta.dirname, '../..')): Promise<Holds> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-holds-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  const holds: Holds = {
    env: { HOLD_FOLDER: folder, NODE_OPTIONS: `--import=${join(checkout, 'test/chaos/hold.ts')}` },
    at: (jobId, step) => writeFile(path(`${jobId}.plan`), step),
    async others(step) {
      if (step === 'unknown') await rm(path('all.plan'), { force: true });
      else await writeFile(path('all.plan'), step);
    },
    async held(jobIds) {
      await until(async () => {
        const names = await readdir(folder);
        const held = new Set(
          names.filter((name) => name.endsWith('.held')).map((name) => name.split('-')[0]),
        );
        return jobIds.every((id) => held.has(id));
      });
    },
    release: (jobId) => writeFile(path(`${jobId}.go`), ''),
    go: () => writeFile(path('go'), ''),
  };
  await holds.others('nowhere');
  return holds;
}
