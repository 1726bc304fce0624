/** `jobs purge`: removes finished jobs as packagers do by themselves, now and by a rule of one's own. */
import {
  appendAudit,
  type Database,
  insertPurge,
  type PurgeRule,
  previewPurge,
  purgeJobs,
  purgeLeaseMs,
  purgeRuleText,
  purgeText,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { Settings } from '@osimage/settings';
import { systemUser } from './audited.ts';
import { type Command, type Given, UsageError } from './command.ts';
import { parseTime } from './units.ts';

export const jobsPurge: Command = {
  words: 'jobs purge',
  takes: [],
  options: ['older-than', 'keep', 'dry-run'],
  summary: 'remove finished jobs: by RETAIN_JOBS_*, or as told; --dry-run only counts them',
  async prepare(given) {
    const told = ruleOf(given);
    return async (db, settings) => {
      const rule = told ?? ruleOfSettings(settings);
      if (given['dry-run']) {
        const count = await previewPurge(db, rule);
        return { json: { dryRun: true, rule, ...count }, text: purgeText(count, 'Would remove') };
      }
      const { id, ...count } = await purge(db, rule);
      return {
        json: { dryRun: false, rule, job: id, ...count },
        text: `${purgeText(count)} It was job ${id}.`,
      };
    };
  },
};

/** What was told; undefined: nothing. Throws UsageError. */
function ruleOf({ 'older-than': age, keep }: Given): PurgeRule | undefined {
  if (age === undefined && keep === undefined) return undefined;
  if (keep !== undefined && !/^[1-9]\d{0,8}$/.test(keep))
    throw new UsageError(`--keep is a number of jobs, 1 or more; not ${keep}`);
  return {
    ...(age !== undefined && { olderThanMs: parseTime(age) }),
    ...(keep !== undefined && { keep: Number(keep) }),
  };
}

function ruleOfSettings({ RETAIN_JOBS_DAYS: days, RETAIN_JOBS_COUNT: keep }: Settings): PurgeRule {
  return { olderThanMs: days * 86_400_000, keep };
}

/** Runs the purge here. When this process dies, a packager goes on with its job. */
async function purge(db: Database, rule: PurgeRule) {
  const user = systemUser();
  const id = await db.transaction(async (tx) => {
    const worker = `command line/${process.pid}`;
    const jobId = await insertPurge(tx, { rule, createdBy: user, worker, leaseMs: purgeLeaseMs });
    await appendAudit(tx, {
      ...{ source: 'command line', user, address: '', action: 'job.purge', objects: [], outcome: 'success' },
      jobId,
      detail: purgeRuleText(rule),
    });
    return jobId;
  });
  try {
    return { id, ...(await purgeJobs(db, { id, attempt: 1 })) };
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'attempt_lost')) throw error;
    throw new Error(`Job ${id} was cancelled, or a packager has gone on with it: GET /tasks/${id} tells.`);
  }
}
