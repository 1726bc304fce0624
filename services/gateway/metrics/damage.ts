/** How often a download met an archive that is not what was written. */
import { Counter, type Registry } from '@osimage/telemetry';

/** Gives what counts them. */
export function countDamage(registry: Registry): () => void {
  const damaged = new Counter({
    name: 'osimage_downloads_damaged_total',
    help: 'Downloads refused or cut off because the archive is damaged; each is in the log as an error.',
    registers: [registry],
  });
  return () => damaged.inc();
}
