/** What a schema wants, in words: "text of at most 200 characters". */
import type { JsonSchema } from './json-schema.ts';

const words: Record<string, string> = {
  boolean: 'true or false',
  object: 'a JSON object',
  null: 'null',
};

export function expectation(schema: JsonSchema): string {
  if (schema.expected !== undefined) return schema.expected;
  if (schema.anyOf) return alternatives(schema.anyOf);
  if ('const' in schema) return JSON.stringify(schema.const);
  switch (schema.type) {
    case 'string':
      return `text${between(schema.minLength, schema.maxLength, 'characters')}`;
    case 'array':
      return `a list${between(schema.minItems, schema.maxItems, 'entries')}`;
    case 'integer':
      return `a whole number${range(schema)}`;
    case 'number':
      return `a number${range(schema)}`;
    default:
      return words[schema.type ?? ''] ?? 'something else';
  }
}

function alternatives(schemas: readonly JsonSchema[]): string {
  const texts = [...new Set(schemas.map(expectation))].filter((text) => text !== words.null);
  const values = texts.length < 2 ? texts.join() : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`;
  // After a comma of its own: a sentence like "dhcpv4 or staticv4 or null" would be hard to read.
  return schemas.some(({ type }) => type === 'null') ? `${values}, or null` : values;
}

function between(least: number | undefined, most: number | undefined, unit: string): string {
  if (least !== undefined && most !== undefined) return ` of ${least} to ${most} ${unit}`;
  if (most !== undefined) return ` of at most ${most} ${unit}`;
  return least === undefined ? '' : ` of at least ${least} ${unit}`;
}

function range({ minimum, maximum }: JsonSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}
