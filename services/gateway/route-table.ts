/** Knows which methods exist on a path, so that a wrong method is told from an unknown path. */

export interface RouteTable {
  /** Takes note of a route, its path as Fastify writes it: `/tasks/:list`. */
  add(method: string | readonly string[], path: string): void;
  /** The methods possible on a path of a request; empty when nothing is there. */
  methodsOf(path: string): string[];
  /** Every route, its path as Fastify writes it. */
  list(): { method: string; path: string }[];
}

export function createRouteTable(): RouteTable {
  const methods = new Map<string, { pattern: RegExp; names: Set<string> }>();
  return {
    add(method, path) {
      const entry = methods.get(path) ?? { pattern: patternOf(path), names: new Set() };
      for (const name of [method].flat()) entry.names.add(name);
      methods.set(path, entry);
    },
    list() {
      return [...methods].flatMap(([path, { names }]) => [...names].map((method) => ({ method, path })));
    },
    methodsOf(path) {
      const found = [...methods.values()].filter((entry) => entry.pattern.test(path));
      // A static path wins over one with parameters, as it does in the router.
      const names = found.find((entry) => !entry.pattern.source.includes('[^')) ?? found[0];
      return [...(names?.names ?? [])].sort();
    },
  };
}

function patternOf(path: string): RegExp {
  const source = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source}/?$`);
}
