/** Hands an uploaded file over to the packagers, also when one of them is being restarted. */
import { setTimeout as wait } from 'node:timers/promises';
import { Problem } from '@osimage/errors';
import type { CallOptions, PackagingClient } from '@osimage/packaging-api';

/** A packager that is restarted is back within this many tries; the upload was too long to be thrown away. */
const tries = 8;
const pauseMs = 1_000;

/**
 * Starts the import. Throws Problem unavailable or deadline_exceeded when it is not known whether it was
 * started, and what the packager refuses.
 */
export async function handOver(
  packager: PackagingClient,
  started: Parameters<PackagingClient['startImport']>[0],
  call: CallOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await packager.startImport(started, call);
      return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // An answer that was lost: the try before this one did start it.
      if (attempt > 1 && error.code === 'job_not_waiting') return;
      if (!error.transient || attempt === tries) throw error;
      await wait(pauseMs);
    }
  }
}
