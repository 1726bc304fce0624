/** Tells the packager that an upload goes on, and the upload when it is not wanted any more. */
import { Problem } from '@osimage/errors';
import type { CallOptions, PackagingClient } from '@osimage/packaging-api';
import type { Logger } from '@osimage/telemetry';

/** Often enough for a progress display and for a cancel to be noticed within 2 s. */
const renewEveryMs = 1_000;

export interface LeaseOptions {
  readonly packager: PackagingClient;
  readonly jobId: string;
  readonly call: CallOptions;
  readonly log: Logger;
  /** Bytes that have arrived so far. */
  readonly received: () => number;
  /** How long the upload may be silent before it counts as broken off, ms. */
  readonly silenceMs: number;
}

export interface Lease {
  /** Aborts with a Problem when the import was cancelled or given up, or the upload went silent. */
  readonly signal: AbortSignal;
  stop(): Promise<void>;
}

/** Renews once, throwing Problem job_not_waiting when the import wants no file, and from then on regularly. */
export async function holdLease(options: LeaseOptions): Promise<Lease> {
  const { packager, jobId, call, received } = options;
  const lost = new AbortController();
  const stopped = new AbortController();
  const renew = async (signal?: AbortSignal) => {
    const bytesReceived = received();
    const { wanted } = await packager.renewImport(
      { jobId, bytesReceived },
      { ...call, ...(signal && { signal }) },
    );
    if (!wanted)
      throw new Problem('job_not_waiting', { id: jobId, state: 'cancelled, given up or being run' });
  };
  await renew();

  let seen = received();
  let seenAt = Date.now();
  let renewing: Promise<void> = Promise.resolve();
  const tick = async () => {
    if (received() !== seen) {
      seen = received();
      seenAt = Date.now();
    } else if (Date.now() - seenAt > options.silenceMs) {
      lost.abort(new Problem('upload_cut_off', { received: seen }));
      return;
    }
    try {
      await renew(stopped.signal);
    } catch (error) {
      if (stopped.signal.aborted) return;
      if (error instanceof Problem && error.code === 'job_not_waiting') lost.abort(error);
      // A packager that is away for a moment is no reason to stop; the lease lasts longer than that.
      else options.log.warn({ err: error, jobId }, 'the lease of an upload could not be renewed');
    }
  };
  const next = () =>
    setTimeout(() => {
      renewing = tick().finally(() => {
        if (!stopped.signal.aborted && !lost.signal.aborted) timer = next();
      });
    }, renewEveryMs);
  let timer = next();

  return {
    signal: lost.signal,
    async stop() {
      stopped.abort();
      clearTimeout(timer);
      await renewing;
    },
  };
}
