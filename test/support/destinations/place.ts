/** A real server for the suite of tests that every destination passes, and what is asked of it again and again. */
import { chown, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Deliver } from '../../../services/packager/destinations/destination.ts';
import { checkSum, deliveryTo, someBytes, type TestDelivery } from '../delivery.ts';
import type { FileServer } from '../file-server.ts';

export const MIB = 1024 * 1024;
export const ourName = '20260101000000_web.tar.gz';
export const content = someBytes(3 * MIB + 12_345);

export interface DestinationSuite {
  readonly deliver: Deliver;
  /** Limits of a second or less. */
  readonly impatient: Deliver;
  /** A new server; undefined when it cannot be had. */
  readonly start: (t: Test) => Promise<FileServer | undefined>;
  readonly changes?: Partial<TestDelivery>;
  /** What a folder is told with that may not be written to. */
  readonly permission?: string;
  /** The protocol has no temporary names. */
  readonly direct?: boolean;
  /** The server shows a file only when all of it is there. */
  readonly hidden?: boolean;
}

export type Changes = Partial<Omit<TestDelivery, 'progress' | 'steps'>>;

export type Place = NonNullable<Awaited<ReturnType<typeof makePlace>>>;

/** Starts the server; undefined when it cannot be had. */
export async function makePlace(t: Test, suite: DestinationSuite) {
  const server = await suite.start(t);
  if (server === undefined) return undefined;
  const { folder, profile, root } = server;
  const owner = (await stat(folder)).uid;
  return {
    suite,
    deliver: suite.deliver,
    folder,
    profile,
    root,
    owner,
    to: (path: string, changes: Changes = {}, bytes = content) =>
      deliveryTo(profile, bytes, path, { ...suite.changes, ...changes }),
    /** A folder that the server's user may write to. */
    makeFolder: async (name: string) => {
      await mkdir(join(folder, name));
      await chown(join(folder, name), owner, -1);
      return join(folder, name);
    },
    arrived: async (t: Test, name: string, expected = content) => {
      t.ok((await readFile(join(folder, name))).equals(expected), `${name}: the same bytes`);
      t.match(await checkSum(join(folder, name)), /: OK$/);
    },
    left: async (name: string) => (await readdir(join(folder, name))).sort(),
  };
}
