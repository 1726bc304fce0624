/**
 * Loaded into a packager before it starts (`node --import`): holds its jobs at the steps a test names. The folder
 * HOLD_FOLDER is how both talk: holds.ts writes what is wanted there, this writes what is reached.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { holdAtSteps } from '../../services/packager/steps.ts';

const folder = process.env.HOLD_FOLDER ?? '';
const pollMs = 50;

holdAtSteps(async (step, { id, attempt }) => {
  const plan = await planOf(id);
  if (plan !== step) return;
  const name = `${id}-${attempt}`;
  // A step that comes again, as the second half of a fetched import does, holds once.
  if (existsSync(join(folder, `${name}.held`))) return;
  writeFileSync(join(folder, `${name}.held`), step);
  while (!['go', `${id}.go`].some((file) => existsSync(join(folder, file)))) await pause(pollMs);
});

/** A job is faster than the test that started it, so it waits to hear what is planned for it. */
async function planOf(id: string): Promise<string> {
  for (;;) {
    for (const name of [`${id}.plan`, 'all.plan']) {
      const plan = existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
      // Empty is one that is being written.
      if (plan !== '') return plan;
    }
    await pause(pollMs);
  }
}
