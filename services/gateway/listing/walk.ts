/**
 * Everything GET /osImages lists, in one fixed order: images with their profiles, then the files, kind after
 * kind, then the archives. A page is a part of this walk, and its cursor names the last thing shown.
 */
import {
  type ArchiveRow,
  type FileRow,
  type ImageEntry,
  type ImageFilter,
  type ImagePosition,
  listArchives,
  listFiles,
  listImages,
  type Queryable,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { StoredKind } from '@osimage/os-media';

/** The lists of files, in the order of the walk; names of the contract, section 4 (C-16). */
export const fileLists = {
  bootFiles: 'boot',
  bundleFiles: 'bundle',
  driverFiles: 'driver',
  installScriptFiles: 'script',
  softwareFiles: 'software',
  unattendFiles: 'unattend',
  configFiles: 'config',
} as const satisfies Record<string, StoredKind>;

type FileList = keyof typeof fileLists;
export type ListName = 'items' | FileList | 'exportFiles';

const order: readonly ListName[] = ['items', ...(Object.keys(fileLists) as FileList[]), 'exportFiles'];

/** Where a walk begins: after the thing of this id in this list. */
export interface Cursor {
  readonly list: ListName;
  readonly id: string;
}

export interface WalkOptions {
  readonly filter: ImageFilter;
  /** Images and their profiles only. */
  readonly profilesOnly: boolean;
  readonly after: Cursor;
  /** How many things at most; a profile is one, and so is an image without profiles. */
  readonly limit: number;
}

export type Batch =
  | { readonly list: 'items'; readonly rows: readonly ImageEntry[] }
  | { readonly list: FileList; readonly rows: readonly FileRow[] }
  | { readonly list: 'exportFiles'; readonly rows: readonly ArchiveRow[] }
  /** The last one of a walk that its limit ended: where the next begins. */
  | { readonly list: 'next'; readonly cursor: string };

/** Rows of one query: few enough to be nothing in memory, enough for the round trip not to count. */
const batchRows = 500;

/** Walks through everything after a position, batch by batch. */
export async function* walk(db: Queryable, options: WalkOptions): AsyncGenerator<Batch> {
  const lists = options.profilesOnly ? order.slice(0, 1) : order;
  let left = options.limit;
  let last = '';
  for (const list of lists.slice(Math.max(0, lists.indexOf(options.after.list)))) {
    let after = list === options.after.list ? options.after.id : '';
    for (;;) {
      // One more than may be shown tells whether there is more.
      const wanted = Math.min(batchRows, left + 1);
      const batch = await fetchBatch(db, list, after, wanted, options.filter);
      const shown = batch.rows.length > left ? cut(batch, left) : batch;
      if (shown.rows.length > 0) {
        after = idOfLast(shown);
        last = list === 'items' ? after : `${list}:${after}`;
        left -= shown.rows.length;
        yield shown;
      }
      if (shown !== batch) {
        yield { list: 'next', cursor: last };
        return;
      }
      if (batch.rows.length < wanted) break;
    }
  }
}

type Rows = Exclude<Batch, { list: 'next' }>;

async function fetchBatch(
  db: Queryable,
  list: ListName,
  after: string,
  limit: number,
  filter: ImageFilter,
): Promise<Rows> {
  if (list === 'items') return { list, rows: await listImages(db, positionOf(after), limit, filter) };
  if (list === 'exportFiles') return { list, rows: await listArchives(db, after, limit) };
  return { list, rows: await listFiles(db, fileLists[list], after, limit) };
}

function cut(batch: Rows, length: number): Rows {
  return { ...batch, rows: batch.rows.slice(0, length) } as Rows;
}

function idOfLast(batch: Rows): string {
  if (batch.list !== 'items') return batch.rows.at(-1)!.id;
  const { image, profile } = batch.rows.at(-1)!;
  return profile?.id ?? image.image_id;
}

/** A profile's id begins with the id of its image; without a bar it is an image's own. */
function positionOf(id: string): ImagePosition {
  const bar = id.indexOf('|');
  return bar < 0 ? { imageId: id, profileId: '' } : { imageId: id.slice(0, bar), profileId: id };
}

/**
 * Reads `after`: the id of a profile or an image, or `<list>:<id>`, as an answer's `next` gave it. Throws
 * Problem invalid_request.
 */
export function readCursor(text: string): Cursor {
  const [, prefix, id] = /^(?:([A-Za-z]+):)?([A-Za-z0-9._|-]{0,200})$/.exec(text) ?? [];
  const list = order.find((name) => name === (prefix ?? 'items'));
  if (id !== undefined && list !== undefined) return { list, id };
  throw new Problem('invalid_request', { detail: 'after must be what an earlier answer gave as next.' });
}
