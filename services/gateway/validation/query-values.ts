/** Parameters of a query are text; this reads those that a schema wants as numbers or as true and false. */
import type { JsonSchema } from './json-schema.ts';

const integer = /^-?[0-9]{1,15}$/;

/** Gives the parameters with the types the schema wants. What is not exactly of that form stays text. */
export function readQueryValues({ properties = {} }: JsonSchema, query: unknown): unknown {
  const read = Object.entries(query ?? {}).map(([name, value]): [string, unknown] => {
    const wanted = Object.hasOwn(properties, name) ? properties[name]!.type : undefined;
    return [name, typeof value === 'string' ? readValue(wanted, value) : value];
  });
  return Object.fromEntries(read);
}

function readValue(wanted: string | undefined, text: string): unknown {
  if (wanted === 'integer') return integer.test(text) ? Number(text) : text;
  if (wanted === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return text;
}
