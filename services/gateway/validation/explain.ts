/** Says what is wrong with a request: which attribute, and what was expected there. */
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { expectation } from './expectation.ts';
import type { JsonSchema } from './json-schema.ts';

/** How much of a name that came with the request is repeated. */
const shownCharacters = 60;

interface Place {
  /** How a sentence about the whole begins: "The body". */
  readonly part: string;
  /** Where in it, as a program would write it: `profile.files[0]`; empty for the whole. */
  readonly path: string;
}

/** One sentence about the first thing in `value` that does not fit `schema`; `part` is how it begins: "The body". */
export function explain(schema: TSchema, value: unknown, part: string): string {
  return find(schema, value, { part, path: '' }) ?? `${part} is not what this call takes.`;
}

function find(schema: JsonSchema, value: unknown, place: Place): string | undefined {
  if (Value.Check(schema, value)) return undefined;
  const kind = kindOf(value);
  // Of alternatives, only one that is about this kind of value can say more than what they are.
  const fitting = (schema.anyOf ?? [schema]).filter(({ type }) => type === kind);
  const found = fitting.length === 1 ? findInside(fitting[0]!, value, place) : undefined;
  return found ?? mustBe(schema, value, place);
}

function findInside(schema: JsonSchema, value: unknown, place: Place): string | undefined {
  if (Array.isArray(value)) {
    const { items } = schema;
    const wrong = items ? value.findIndex((entry) => !Value.Check(items, entry)) : -1;
    if (!items || wrong < 0) return undefined;
    return find(items, value[wrong], { ...place, path: `${place.path}[${wrong}]` });
  }
  return isObject(value) ? findInObject(schema, value, place) : undefined;
}

function findInObject(
  { properties = {}, required = [], additionalProperties, patternProperties }: JsonSchema,
  value: Record<string, unknown>,
  place: Place,
): string | undefined {
  const where = place.path || place.part;
  const noun = place.part === 'The query' ? 'parameter' : 'attribute';
  const known = Object.keys(properties);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined && additionalProperties === false)
    return `${where} has the unknown ${noun} ${shorten(unknown)}; ${possible(known)}.`;
  for (const name of known) {
    const schema = properties[name]!;
    const path = place.path === '' ? name : `${place.path}.${name}`;
    if (Object.hasOwn(value, name)) {
      const found = find(schema, value[name], { ...place, path });
      if (found !== undefined) return found;
    } else if (required.includes(name))
      return `${where} lacks the ${noun} ${name}, which must be ${expectation(schema)}.`;
  }
  const [each] = Object.values(patternProperties ?? {});
  const wrong = each && Object.keys(value).find((name) => !Value.Check(each, value[name]));
  return each && wrong !== undefined
    ? find(each, value[wrong], { ...place, path: `${place.path}.${shorten(wrong)}` })
    : undefined;
}

function possible(names: readonly string[]): string {
  if (names.length === 0) return 'none is possible here';
  return names.length === 1 ? `only ${names[0]} is possible` : `possible are ${names.join(', ')}`;
}

function mustBe(schema: JsonSchema, value: unknown, { part, path }: Place): string {
  if (path === '') return value === null ? `${part} is missing.` : `${part} must be ${expectation(schema)}.`;
  if (part === 'The query' && Array.isArray(value)) return `The parameter ${path} is given more than once.`;
  return `${path} must be ${expectation(schema)}.`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return kindOf(value) === 'object';
}

/** Quoted when it is not a plain word. */
function shorten(name: string): string {
  const short = name.length > shownCharacters ? `${name.slice(0, shownCharacters)}…` : name;
  return /^[\w.-]+…?$/.test(short) ? short : JSON.stringify(short);
}
