/** `store usage`: what takes space, and what could be freed. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobStore,
  bytesOf,
  findGarbage,
  freeBytes,
  openStore,
  spaceUsage,
  storeLimits,
} from '@osimage/blob-store';
import {
  countDamage,
  type Database,
  type KindUsage,
  type ProfileUsage,
  usageByKind,
  usageByProfile,
} from '@osimage/database';
import type { Command } from './command.ts';
import { bytesIn } from './store-gc.ts';
import { sizeText, tableText } from './units.ts';

/** What the packagers' own cleaning leaves alone is not counted as freeable. */
const youngMs = 60 * 60_000;
/** Profiles shown to people; --json has all. */
const profilesShown = 20;

export const storeUsage: Command = {
  words: 'store usage',
  takes: [],
  options: [],
  summary: 'show what takes space and what could be freed',
  prepare: async () => async (db, settings) => {
    const usage = await measure(db, await openStore(join(settings.DATA_DIR, 'store'), storeLimits(settings)));
    return { json: usage, text: describe(usage) };
  },
};

type Usage = Awaited<ReturnType<typeof measure>>;

async function measure(db: Database, store: BlobStore) {
  const { root } = store;
  const kinds = await usageByKind(db);
  const profiles = await usageByProfile(db);
  const archives = {
    count: sum(profiles, ({ archives }) => archives),
    bytes: sum(profiles, ({ bytes }) => bytes),
  };
  const disk = await statfs(root);
  return {
    content: {
      kinds,
      usedBytes: sum(kinds, ({ usedBytes }) => usedBytes),
      rawBytes: sum(kinds, ({ rawBytes }) => rawBytes),
      packedBytes: sum(kinds, ({ packedBytes }) => packedBytes),
    },
    archives: { ...archives, profiles },
    uploads: { bytes: await bytesOf(join(root, 'staging')) },
    // What lies there beyond the finished ones.
    unfinishedArchives: { bytes: Math.max(0, (await bytesOf(join(root, 'exports'))) - archives.bytes) },
    freeable: await findGarbage(db, store, { olderThanMs: youngMs }),
    damaged: await countDamage(db),
    space: await spaceUsage(db, store),
    disk: { bytes: disk.blocks * disk.bsize, free: await freeBytes(root) },
  };
}

function describe(usage: Usage): string {
  const { content, archives, uploads, unfinishedArchives, freeable, damaged, space, disk } = usage;
  const { unused, orphans, leftovers } = freeable;
  const lines = [
    tableText([
      ['STORED', 'FILES', 'THEIR BYTES', 'EQUAL ONES ONCE', 'ON DISK'],
      ...content.kinds.map(kindRow),
      kindRow({ ...content, kind: 'together', uses: sum(content.kinds, ({ uses }) => uses) }),
    ]),
    '',
    tableText([
      ['ARCHIVES OF', 'ARCHIVES', 'ON DISK', 'OLDEST'],
      ...archives.profiles.slice(0, profilesShown).map(profileRow),
      ...rest(archives.profiles.slice(profilesShown)),
      ['together', String(archives.count), sizeText(archives.bytes), ''],
    ]),
    '',
    `On their way: uploads ${sizeText(uploads.bytes)}, archives ${sizeText(unfinishedArchives.bytes)}.`,
    `\`store gc\` frees ${sizeText(bytesIn(freeable))}: ${unused.count} unused contents, ${orphans.count} files no row ` +
      `knows, ${leftovers.count} leftovers of ended jobs.`,
    `\`store retention\` frees ${sizeText(space.expired)}.`,
    `The disk has ${sizeText(disk.free)} of ${sizeText(disk.bytes)} free, ${sizeText(space.reserve)} of it for others.`,
    `Jobs have claimed ${sizeText(space.claimed)}; ${sizeText(space.available)} are left for new ones${quotaText(space.quota)}.`,
  ];
  if (damaged.contents + damaged.archives > 0)
    lines.push(
      `Damaged: ${damaged.contents} stored files, ${damaged.archives} archives; \`store scrub\` names them.`,
    );
  return lines.join('\n');
}

function quotaText(quota: number | undefined): string {
  return quota === undefined ? '' : `, within a quota of ${sizeText(quota)}`;
}

function kindRow({ kind, uses, usedBytes, rawBytes, packedBytes }: Omit<KindUsage, 'contents'>): string[] {
  return [kind, String(uses), sizeText(usedBytes), sizeText(rawBytes), sizeText(packedBytes)];
}

function profileRow({ profileId, archives, bytes, oldest }: ProfileUsage): string[] {
  return [profileId, String(archives), sizeText(bytes), oldest.toISOString().slice(0, 10)];
}

function rest(profiles: readonly ProfileUsage[]): string[][] {
  if (profiles.length === 0) return [];
  const count = sum(profiles, ({ archives }) => archives);
  return [[`${profiles.length} more`, String(count), sizeText(sum(profiles, ({ bytes }) => bytes)), '']];
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
