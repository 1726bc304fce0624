/** A gateway that waits for its database: everybody is told to come back, but whoever asks whether it lives or is ready. */
import { Problem } from '@osimage/errors';
import type { App } from '../app-types.ts';
import type { Health } from '../health.ts';

/** Gives the application its `open`. Call before anything that would ask the database about a request. */
export function registerOpening(app: App, health: Health): void {
  app.decorate('open', () => health.open());
  app.addHook('onRequest', async (request) => {
    if (!health.opened && request.routeOptions.config?.evenClosed !== true)
      throw new Problem('unavailable', { what: 'its database' });
  });
}
