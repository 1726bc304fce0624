/** What this installation is: clients call it right after signing in (contract, section 11). No envelope. */
import { findInstallation } from '@osimage/database';
import type { App } from '../app-types.ts';
import manifest from '../package.json' with { type: 'json' };
import type { GatewayServices } from '../services.ts';

export function registerApplianceRoutes(app: App, { db }: GatewayServices): void {
  app.get('/aicc', { schema: { tags: ['service'], summary: 'What this installation is' } }, async () => {
    const { uuid, created_at } = await findInstallation(db);
    return {
      appliance: {
        name: 'osimage-export',
        version: manifest.version,
        build: `osimage-export-${manifest.version}`,
        date: created_at.toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-'),
        uuid,
        runlevel: 3,
        status: 'Normal',
      },
      appliance_states: [
        { description: 'Halted', runlevel: 0 },
        { description: 'Running', runlevel: 3 },
        { description: 'Restarting', runlevel: 6 },
      ],
      date: clock(new Date()),
      network_interfaces: [],
      ntp: { servers: [] },
      services: [],
      service_states: [],
      subscriptions: [],
    };
  });
}

function clock(now: Date) {
  return {
    date_time: now.toISOString(),
    parts: {
      yyyy: now.getUTCFullYear(),
      mm: now.getUTCMonth() + 1,
      dd: now.getUTCDate(),
      hours: now.getUTCHours(),
      mins: now.getUTCMinutes(),
      secs: now.getUTCSeconds(),
    },
    time_format: '24',
    timezone: 'UTC',
    timezone_id: 'Etc/UTC',
    timezones: [],
  };
}
