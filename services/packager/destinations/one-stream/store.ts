/** What a protocol must be able to do so that an archive can be delivered over it as one stream. All paths are absolute. */
import type { Body } from '../../send.ts';
import type { SecureAccess } from '../../server-profile.ts';
import type { Delivery } from '../destination.ts';
import type { Places } from '../target.ts';

export interface Found {
  readonly folder: boolean;
  /** Bytes; undefined when the server does not tell. */
  readonly size: number | undefined;
  /** Changes with the content; undefined when the server does not tell. */
  readonly stamp?: string | undefined;
}

/** The server does not let its user read a file, or a part of one. */
export class NotReadable extends Error {
  override name = 'NotReadable';
}

/** All methods throw a Problem, or anything when the signal of the delivery aborts. */
export interface RemoteStore extends Places {
  /** Sentences for the job: what this protocol or this server cannot promise. Complete when the delivery ends. */
  readonly notes: readonly string[];
  /** Whether a file can get its final name after it has arrived. */
  readonly canRename: boolean;
  /** Whether `look` tells how large a file is, as far as is known by now. */
  readonly tellsSizes: boolean;
  /** Where a small part of a file can be read without reading all before or after it. */
  readonly reads: 'anywhere' | 'end';
  look(path: string): Promise<Found | undefined>;
  /** One that is there already is as good. */
  makeFolder(path: string): Promise<void>;
  put(path: string, body: Body): Promise<void>;
  /** Puts `from` in the place of `to`. */
  replace(from: string, to: string): Promise<void>;
  /** Gives whether the file is gone; one that was not there is. */
  remove(path: string): Promise<boolean>;
  /** The content from a byte on; where a `length` is given more may come, but is not needed. Also throws NotReadable. */
  read(path: string, from: number, length?: number): AsyncIterable<Buffer>;
  /** From now on an abort of the signal ends nothing any more. */
  release(): void;
  /** Ends all connections at once. */
  close(): void;
}

/** Connects and signs in. */
export type OpenStore = (access: SecureAccess & Pick<Delivery, 'jobId' | 'attempt'>) => Promise<RemoteStore>;
