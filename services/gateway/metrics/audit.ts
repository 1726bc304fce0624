/** How many audit entries the database did not confirm: they are in the log only. */
import { Counter, type Registry } from '@osimage/telemetry';

/** Gives what counts them. */
export function countLostEntries(registry: Registry): (count: number) => void {
  const lost = new Counter({
    name: 'osimage_audit_entries_lost_total',
    help: 'Audit entries the database did not confirm in time; each is in the log as an error.',
    registers: [registry],
  });
  return (count) => lost.inc(count);
}
