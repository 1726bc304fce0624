/** The routes an application really has. */
import type { App } from '../../services/gateway/app.ts';

export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As Fastify writes it, `/tasks/:list`. */
  path: string;
}

/** Every method and path, read from the router, so that none can be left out. */
export async function routesOf(app: App): Promise<Route[]> {
  await app.ready();
  const routes: Route[] = [];
  const above: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^((?:[│ ] {3})*)[├└]── (\S+)(?: \((.*)\))?/.exec(line);
    if (!match) continue;
    const [, indent = '', piece = '', methods] = match;
    const depth = indent.length / 4;
    above.length = depth;
    above.push(piece);
    for (const method of methods?.split(', ') ?? [])
      routes.push({ method: method as Route['method'], path: above.join('') });
  }
  return routes;
}
