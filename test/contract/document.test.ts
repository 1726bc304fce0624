/** `GET /openapi.json` is a valid OpenAPI document that names every call of the service, and nothing else. */
import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import t from 'tap';
import { createTestGateway } from '../support/gateway.ts';

interface Call {
  summary?: string;
  tags?: string[];
  security?: unknown[];
  parameters?: { name: string; description?: string; example?: unknown; schema: { examples?: unknown[] } }[];
  responses: Record<string, { description: string; content?: Record<string, unknown> }>;
  requestBody?: { content: Record<string, { example?: unknown }> };
}

t.test('the document', async (t) => {
  const { app } = await createTestGateway(t);
  const answer = await app.inject({ url: '/openapi.json' });
  t.equal(answer.statusCode, 200, 'without signing in');
  const document = answer.json() as { openapi: string; paths: Record<string, Record<string, Call>> };
  t.match(document.openapi, /^3\.1\./);

  t.match(await new Validator().validate(answer.json()), { valid: true }, 'OpenAPI 3.1');

  const calls = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, call]) => ({ name: `${method.toUpperCase()} ${path}`, call })),
  );
  const routes = app.routeTable
    .list()
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
  t.strictSame(calls.map(({ name }) => name).sort(), routes.sort(), 'every route and nothing else');

  const page = await readFile(new URL('../../docs/rest.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `([A-Z]+ [^`]+)` \|/gm)].map(([, name]) => name);
  t.strictSame(listed.sort(), routes, 'docs/rest.md lists every route too');

  for (const { name, call } of calls) {
    t.ok(call.summary, `${name} says what it is`);
    t.equal(call.tags?.length, 1, `${name} has its place`);
    t.ok(call.security, `${name} says who may`);
    t.ok(call.responses['200'], `${name} answers`);
    for (const code of ['400', '429', '500', '503'])
      t.ok(call.responses[code], `${name} may fail with ${code}`);
    for (const [code, { description }] of Object.entries(call.responses))
      t.ok(description, `${name} ${code}`);
    for (const { name: parameter, description, example, schema } of call.parameters ?? []) {
      t.ok(description, `${name}: ${parameter} is described`);
      t.ok(example ?? schema.examples, `${name}: ${parameter} has an example`);
    }
    for (const [type, { example }] of Object.entries(call.requestBody?.content ?? {}))
      if (type === 'application/json') t.ok(example, `${name}: an example of the body`);
  }
});
