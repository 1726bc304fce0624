/** Stops attempts whose job ended without this process hearing of it. */
import { hasEnded } from '@osimage/database';
import { isDatabaseAway, Problem } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import type { Runner } from './run.ts';

/** Looks at the rows of everything that runs here; called whenever the listening connection is new. */
export async function stopEnded(context: PackagerContext, runner: Runner): Promise<void> {
  try {
    for (const id of runner.ids()) {
      if (await hasEnded(context.db, id)) runner.stop(id, new Problem('attempt_lost'));
    }
  } catch (error) {
    // Progress reports find out as well, a little later.
    if (!isDatabaseAway(error)) context.log.warn({ err: error }, 'could not look for ended jobs');
  }
}
