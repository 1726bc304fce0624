/** A gateway that is about to stop: everybody is told to go elsewhere with the next request. */
import type { App } from '../app-types.ts';
import type { Health } from '../health.ts';

/** Gives the application its `drain`. */
export function registerDrain(app: App, health: Health): void {
  let draining = false;
  app.decorate('drain', () => {
    draining = true;
    health.drain();
  });
  // A connection that is closed after an answer takes no request with it.
  app.addHook('onSend', async (_request, reply) => {
    if (draining) reply.header('connection', 'close');
  });
}
