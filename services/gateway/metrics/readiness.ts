/** What `/readyz` says, as metrics. */
import { askedGauge, type Registry } from '@osimage/telemetry';
import type { Health } from '../health.ts';

export function registerReadiness(registry: Registry, health: Health): void {
  const help =
    'Whether this gateway reaches its database and a packager that can work, and takes new requests.';
  askedGauge(registry, { name: 'osimage_ready', help, label: 'part' }, async () => {
    const { draining, database, packager } = await health.check();
    return { database: Number(database), packager: Number(packager), accepting: Number(!draining) };
  });
}
