/**
 * Completes the document that @fastify/swagger makes of the request schemas: answers, failures, who may, and
 * examples, from the table of operations.
 */
import { STATUS_CODES } from 'node:http';
import type { OpenAPIV3_1 } from 'openapi-types';
import { documented } from './components.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';

type Document = OpenAPIV3_1.Document;
type OperationObject = OpenAPIV3_1.OperationObject;
type SchemaObject = OpenAPIV3_1.SchemaObject;

/** Why a call fails with each code, for the calls that can. */
const reasons: Readonly<Record<number, string>> = {
  400: 'An attribute or a parameter is missing, unknown or wrong; the message names it',
  401: 'Not signed in, or the session has ended',
  403: 'The privilege is missing, the CSRF token is missing or wrong, another site asked, or it is not allowed at all',
  404: 'There is no such thing',
  409: 'It conflicts with what is there',
  412: 'It was changed by somebody else in the meantime',
  413: 'The body is too large',
  415: 'The content type is not understood',
  429: 'Too many failed sign-ins; `Retry-After` says when to try again',
  500: 'An unexpected error; the message has a reference to the log',
  503: 'The database or the packagers are away; try again',
  507: 'There is not enough space',
};

const methods = ['get', 'head', 'post', 'put', 'delete', 'patch', 'options'] as const;
const changing = new Set(['post', 'put', 'delete', 'patch']);

/** Changes `document` and gives it back. A route without an operation stays as its schemas describe it. */
export function complete(document: Document): Document {
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of methods) {
      const target = item?.[method];
      const operation = operations[`${method.toUpperCase()} ${path}`];
      if (target && operation) completeOperation(target, operation, method);
    }
  }
  return documentedRequests(document);
}

function completeOperation(target: OperationObject, operation: Operation, method: string): void {
  const { privilege, example } = operation;
  const changes = changing.has(method) || operation.starts === true;
  if (privilege === 'public') target.security = [];
  else {
    const session = changes ? { session: [], csrfToken: [] } : { session: [] };
    target.security = [{ basic: [] }, session];
    if (privilege)
      target.description = [target.description, `Needs the privilege \`${privilege}\`.`]
        .filter(Boolean)
        .join(' ');
  }
  for (const parameter of target.parameters ?? []) {
    if ('$ref' in parameter) continue;
    const value = (parameter.in === 'path' ? example?.path : example?.query)?.[parameter.name];
    if (value !== undefined) parameter.example = value;
  }
  completeBody(target, operation);
  target.responses = answers(target, operation, method, changes);
}

function completeBody(target: OperationObject, { bodies, example }: Operation): void {
  const body = (target.requestBody ?? {}) as OpenAPIV3_1.RequestBodyObject;
  const json = body.content?.['application/json'];
  if (json && example?.body !== undefined) json.example = example.body;
  if (!bodies && !json) return;
  const more = Object.entries(bodies ?? {}).map(([type, media]) => [
    type,
    media as OpenAPIV3_1.MediaTypeObject,
  ]);
  target.requestBody = { ...body, content: { ...Object.fromEntries(more), ...body.content } };
}

function answers(target: OperationObject, operation: Operation, method: string, changes: boolean) {
  const { answer, privilege, refusals = [], stringMessages } = operation;
  const signedIn = privilege !== 'public';
  const codes = new Set([400, 429, 500, 503, ...refusals]);
  if (signedIn) codes.add(401);
  if (signedIn && (changes || privilege)) codes.add(403);
  if (target.parameters?.some((parameter) => 'in' in parameter && parameter.in === 'path')) codes.add(404);
  if (target.requestBody) codes.add(413).add(415);
  const schema = { $ref: `#/components/schemas/${stringMessages ? 'StringFailure' : 'Failure'}` };
  const failures = [...codes].sort().map((code) => [
    code,
    {
      description: reasons[code] ?? STATUS_CODES[code] ?? '',
      // The answer to HEAD has no body.
      ...(method !== 'head' && { content: { 'application/json': { schema } } }),
    },
  ]);
  return { 200: success(answer), ...Object.fromEntries(failures) } as OpenAPIV3_1.ResponsesObject;
}

function success(answer: Operation['answer']): OpenAPIV3_1.ResponseObject {
  if ('media' in answer && 'says' in answer) {
    const content = (answer.media as string[]).map((type) => [type, {}]);
    return { description: String(answer.says), content: Object.fromEntries(content) };
  }
  return {
    description: 'Done, or accepted',
    content: { 'application/json': { schema: documented(answer) as SchemaObject } },
  };
}

/** The request schemas in the document's words. */
function documentedRequests(document: Document): Document {
  return { ...document, paths: documented(document.paths) as OpenAPIV3_1.PathsObject };
}
