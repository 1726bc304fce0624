/** How long the licence lasts, as a metric. Nothing where none is asked for. */
import type { Settings } from '@osimage/settings';
import { Gauge, type Registry } from '@osimage/telemetry';

const dayMs = 86_400_000;

export function registerLicenceMetrics(
  registry: Registry,
  { LICENSE_VALID_UNTIL: end }: Pick<Settings, 'LICENSE_VALID_UNTIL'>,
): void {
  if (!end) return;
  const registers = [registry];
  new Gauge({
    name: 'osimage_license_valid_until_seconds',
    help: 'When the licence to export ends, as a Unix time.',
    registers,
  }).set(end.getTime() / 1_000);
  new Gauge({
    name: 'osimage_license_days_left',
    help: 'Days until the licence to export ends; negative after that.',
    registers,
    collect() {
      this.set((end.getTime() - Date.now()) / dayMs);
    },
  });
}
