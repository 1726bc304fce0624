/** Everything that can be wrong with a request, for a call as the document describes it. */
import type { RawRequest } from '../support/raw-request.ts';
import { addressOf, type Call, type JsonSchema } from './document.ts';

export interface BadRequest extends RawRequest {
  readonly what: string;
  /** Unusual rather than wrong: it may also be done, if it does no harm. */
  readonly odd?: true;
}

const json = { 'content-type': 'application/json' };
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND'];

const paths = {
  'a climb': '..%2f..%2f..%2fetc%2fpasswd',
  dots: '%2e%2e',
  'an absolute path': '%2fetc%2fpasswd',
  backslashes: '..%5c..%5cboot.ini',
  'a double encoding': '%252e%252e%252fetc',
  NUL: 'a%00b',
  'control characters': 'a%0d%0aX-Injected:%201',
  'bytes that are no UTF-8': '%ff%fe',
  'half of an encoding': '%e4%b8%2',
  'a lone surrogate': '%ed%a0%80',
  unicode: '%F0%9F%92%BF%E2%80%AE',
  'a name of JavaScript': '__proto__',
  'another name of JavaScript': 'constructor',
  'a huge number': '9'.repeat(400),
  SQL: "'%3b%20drop%20table%20jobs--",
  'a long id': 'a'.repeat(5_000),
  'only commas': ',,,',
  '10,000 ids': Array.from({ length: 10_000 }, (_, index) => index).join(','),
};

const bodies: Record<string, string | Uint8Array> = {
  'no JSON': '{"a":',
  'a list': '[]',
  text: '"x"',
  'a number': '1e400',
  null: 'null',
  'an attribute twice': '{"a":1,"a":2}',
  __proto__: '{"__proto__":{"isAdmin":true}}',
  constructor: '{"constructor":{"prototype":{"isAdmin":true}}}',
  NUL: '{"a":"\\u0000"}',
  'a lone surrogate': '{"a":"\\ud800"}',
  'bytes that are no UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  'deep nesting': `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  'too much': `"${'x'.repeat(1024 * 1024)}"`,
};

/** All the requests that `call` must refuse. `known` are the methods its path has. */
export function badRequests(call: Call, known: ReadonlySet<string>): BadRequest[] {
  const { method } = call;
  const path = addressOf(call);
  const base: RawRequest = {
    method,
    path,
    ...(call.body?.example !== undefined && { headers: json, body: JSON.stringify(call.body.example) }),
  };
  const bad: BadRequest[] = [
    { ...base, what: 'an unknown parameter', path: `${path}${path.includes('?') ? '&' : '?'}nobody=1` },
    {
      ...base,
      what: 'a parameter called __proto__',
      path: `${path}${path.includes('?') ? '&' : '?'}__proto__=1`,
    },
    ...methods
      .filter((other) => !known.has(other))
      .map((other) => ({ what: `the method ${other}`, method: other, path: path.split('?', 1)[0]! })),
    ...badParameters(call, base),
  ];
  if (method === 'DELETE')
    bad.push({ what: 'a body where none belongs', method, path, headers: json, body: '{"list":["1"]}' });
  return call.body ? [...bad, ...badBodies(call, base)] : bad;
}

function badParameters(call: Call, base: RawRequest): BadRequest[] {
  return call.parameters.flatMap(({ name, in: place, schema }): BadRequest[] => {
    if (place === 'path')
      return Object.entries(paths).map(([what, value]) => ({
        ...base,
        what: `${name} is ${what}`,
        path: call.path.replace(`{${name}}`, value).replace(/\{\w+\}/g, 'x'),
      }));
    const address = addressOf(call, { [name]: 'VALUE' });
    const put = (what: string, value: string, odd?: true): BadRequest => ({
      ...base,
      what: `${name} is ${what}`,
      path: address.replace('VALUE', value),
      ...(odd && { odd }),
    });
    const free = schema.type === undefined && !schema.anyOf;
    const numbers = ['many', '1.5', '-1', '1e400', '9007199254740993', '', '0x10', 'true'];
    return [
      { ...base, what: `${name} twice`, path: `${address}&${name}=VALUE`, ...(free && { odd: true }) },
      put('NUL', 'a%00b'),
      ...(schema.type === 'integer' ? numbers.map((value) => put(`"${value}"`, value)) : []),
      ...(schema.maxLength === undefined ? [] : [put('too long', 'a'.repeat(schema.maxLength + 1))]),
      put('very long', 'a'.repeat(20_000), true),
      put('control characters', 'a%0d%0ab%1b', true),
      put('unicode', '%F0%9F%92%BF%E2%80%AE', true),
      put('a path', '..%2f..%2fetc%2fpasswd', true),
      put('10,000 ids', Array.from({ length: 10_000 }, () => '1').join(','), true),
    ];
  });
}

function badBodies(call: Call, base: RawRequest): BadRequest[] {
  const { schema, example } = call.body!;
  const open = (schema as { additionalProperties?: unknown }).additionalProperties === true;
  const send = (what: string, body: unknown): BadRequest => ({ ...base, what, body: JSON.stringify(body) });
  const tree = [...wrongValues(schema, example)];
  return [
    ...Object.entries(bodies).map(([what, body]) => ({
      ...base,
      what: `a body that is ${what}`,
      headers: json,
      body,
    })),
    { ...base, what: 'XML', headers: { 'content-type': 'text/xml' }, body: '<a/>' },
    {
      ...base,
      what: 'a form',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'a=1',
    },
    { ...base, what: 'no content type', headers: {} },
    {
      ...base,
      what: 'a content type with a tab',
      headers: { 'content-type': 'application/json\t;x' },
      body: '[]',
    },
    ...(open ? [] : [send('an extra attribute', { ...(example as object), nobody: 1 })]),
    ...tree.map(([what, body]) => send(what, body)),
  ];
}

/** Bodies with one wrong thing each, from the schema: nothing required, every wrong type, too much of everything. */
function* wrongValues(schema: JsonSchema, example: unknown): Generator<[what: string, body: unknown]> {
  const branches = schema.anyOf ?? [schema];
  const object = branches.find(({ properties }) => properties);
  for (const name of object?.required ?? []) {
    const { [name]: _left, ...rest } = example as Record<string, unknown>;
    yield [`without ${name}`, rest];
  }
  for (const [name, inner] of Object.entries(object?.properties ?? {})) {
    const given = (example ?? {}) as Record<string, unknown>;
    const types = new Set((inner.anyOf ?? [inner]).map(({ type }) => type));
    if (types.has(undefined)) continue;
    for (const [what, value] of wrongFor(types, inner))
      yield [`${name}: ${what}`, { ...given, [name]: value }];
    const below = (inner.anyOf ?? [inner]).find(({ properties }) => properties);
    if (!below) continue;
    for (const [what, value] of wrongValues(below, given[name] ?? {}))
      yield [`${name}.${what}`, { ...given, [name]: value }];
    yield [`${name}.nobody`, { ...given, [name]: { ...(given[name] as object), nobody: 1 } }];
  }
}

function* wrongFor(types: ReadonlySet<string | undefined>, schema: JsonSchema): Generator<[string, unknown]> {
  if (!types.has('boolean')) yield ['true', true];
  if (!types.has('object')) yield ['an object', {}];
  if (!types.has('array')) yield ['a list', ['x']];
  if (!types.has('integer') && !types.has('number')) yield ['a number', 2 ** 53 + 2];
  else for (const number of [-1, 1.5, 1e300]) yield [String(number), number];
  for (const branch of schema.anyOf ?? [schema]) {
    if (branch.maxLength !== undefined) yield ['too long', 'a'.repeat(branch.maxLength + 1)];
    if (branch.pattern !== undefined) yield ['control characters', 'a\u0001\n\u001b'];
    if (branch.type === 'array') {
      yield ['a list of lists', [[]]];
      if (branch.maxItems !== undefined)
        yield ['too many', Array.from({ length: branch.maxItems + 1 }, () => '1')];
    }
  }
}
