/**
 * Where an archive can be delivered. One file a protocol beside this one; jobs/ only knows this interface.
 */
import type { Archive } from '@osimage/archive';
import type { SecureAccess } from '../server-profile.ts';

export interface Delivery extends SecureAccess {
  readonly archive: Archive;
  /** As the caller gave it: a folder (ends in "/" or exists), a full file name, or empty (contract, C-7). */
  readonly path: string;
  /** Our name for the archive, used when `path` is a folder. */
  readonly filename: string;
  /** Which job and attempt this is; both are part of the temporary name. */
  readonly jobId: string;
  readonly attempt: number;
  /** Jobs that use the server now, this one too, over all packagers: each is due that part of its link. */
  readonly sharing: number;
  /** Bytes acknowledged by the server so far. */
  readonly onProgress: (bytes: number) => void;
  /** What is being done now, a few words, for the job's `step`. */
  readonly onStep: (step: string) => void;
  /** Throws when this attempt has lost the job; called right before the archive becomes visible. */
  readonly checkLease: () => Promise<void>;
  /**
   * Whether another attempt follows one that fails with `reason`. Then what it could go on with stays on the
   * server; otherwise nothing of it does.
   */
  readonly triesAgain: (reason: unknown) => boolean;
  /** A sentence for the job, also when the delivery fails. */
  readonly onNote: (sentence: string) => void;
  /** What an earlier attempt kept with `saveCheckpoint`, as it was given; undefined when there is nothing. */
  readonly checkpoint: Checkpoint | undefined;
  /**
   * Keeps what a later attempt needs to go on where this one is, or to find what it has left. Bytes a checkpoint counts
   * must be proven to be on the server's disk. Undefined: nothing is left. Throws Problem attempt_lost.
   */
  readonly saveCheckpoint: (checkpoint: Checkpoint | undefined) => Promise<void>;
}

/** A destination's own record of a transfer, kept with the job as JSON. Never a secret. */
type Checkpoint = Readonly<Record<string, string | number | boolean>>;

export interface Delivered {
  /** Absolute path on the server where the archive lies now. */
  readonly finalPath: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal SHA-256 of the whole archive. */
  readonly sha256: string;
  /** Sentences for the job: what was not needed, and what this server or protocol could not promise. */
  readonly notes?: readonly string[];
}

/** Delivers an archive, or throws a Problem and leaves nothing visible behind. */
export type Deliver = (delivery: Delivery) => Promise<Delivered>;
