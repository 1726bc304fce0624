/** Metrics in the form Prometheus reads. Each service has one registry; labels hold only words known in advance. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** A registry with what every process tells of itself: memory, CPU, event loop, garbage collection. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/**
 * Gives a function that reads numbers somewhere, and again when what it has is older than `keptMs`; those who ask
 * meanwhile share it. Undefined when they cannot be read: a metric without a value says that better than an old one.
 */
export function recent<Value>(keptMs: number, read: () => Promise<Value>): () => Promise<Value | undefined> {
  let known: { at: number; value: Promise<Value | undefined> } | undefined;
  return () => {
    const at = performance.now();
    if (!known || at - known.at > keptMs) known = { at, value: read().catch(() => undefined) };
    return known.value;
  };
}

/**
 * A gauge that asks for its value when it is scraped: one number, or a number for each word of its one `label`. While
 * the answer is undefined it has no value at all.
 */
export function askedGauge(
  registry: Registry,
  { name, help, label }: { name: string; help: string; label?: string },
  read: () => Promise<number | Record<string, number> | undefined>,
): void {
  new Gauge({
    name,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [registry],
    async collect() {
      const value = await read();
      this.reset();
      // Without labels a reset is a 0.
      if (label === undefined) this.remove();
      if (typeof value === 'number') this.set(value);
      else for (const [word, part] of Object.entries(value ?? {})) this.set({ [label ?? '']: word }, part);
    },
  });
}
