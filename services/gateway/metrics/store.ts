/** What is in the store and what is left, bytes: the same from every gateway, so take the `max` of several. */
import { type SpaceUsage, spaceUsage, storeLimits } from '@osimage/blob-store';
import { countDamage } from '@osimage/database';
import { askedGauge, type Registry, recent } from '@osimage/telemetry';
import type { GatewayServices } from '../services.ts';

/** It takes sums over all blobs and archives. */
const keptMs = 60_000;

export function registerStoreMetrics(
  registry: Registry,
  { db, settings, storeRoot }: Pick<GatewayServices, 'db' | 'settings' | 'storeRoot'>,
): void {
  const store = { root: storeRoot, limits: storeLimits(settings) };
  const usage = recent(keptMs, () => spaceUsage(db, store));
  const bytes = (
    name: string,
    help: string,
    pick: (known: SpaceUsage) => number | Record<string, number> | undefined,
    label?: string,
  ) =>
    askedGauge(registry, { name, help, ...(label !== undefined && { label }) }, async () => {
      const known = await usage();
      return known && pick(known);
    });
  bytes(
    'osimage_store_used_bytes',
    'What lies in the store.',
    ({ blobs, archives }) => ({ content: blobs, archives }),
    'what',
  );
  bytes('osimage_store_claimed_bytes', 'What unfinished jobs may take of it.', ({ claimed }) => claimed);
  bytes('osimage_store_free_bytes', 'Free on its disk, the reserve included.', ({ free }) => free);
  bytes('osimage_store_available_bytes', 'Left for new imports and exports.', ({ available }) => available);
  bytes(
    'osimage_store_reclaimable_bytes',
    'What could be freed, and by which command.',
    ({ unused, expired }) => ({ gc: unused, retention: expired }),
    'by',
  );
  if (settings.STORE_QUOTA_BYTES !== undefined)
    bytes('osimage_store_quota_bytes', 'What the store may take at most.', ({ quota }) => quota);

  const damage = recent(keptMs, () => countDamage(db));
  const damaged = { name: 'osimage_store_damaged', help: 'What is known to be damaged.', label: 'what' };
  askedGauge(registry, damaged, async () => {
    const known = await damage();
    return known && { content: known.contents, archives: known.archives };
  });
}
