/**
 * Completes the document that @fastify/swagger makes of the request schemas: answers, failures, who may, and
 * examples, from the table of operations.
 */
import { STATUS_CODES } from 'node:http';
import { documented } from './components.ts';
import type {
  CallObject,
  Content,
  DocumentObject,
  ParameterObject,
  ResponseObject,
} from './document-objects.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';
import { meaningOf } from './parameters.ts';

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
  422: 'The Idempotency-Key came before with another request',
  429: 'Too many failed sign-ins; `Retry-After` says when to try again',
  500: 'An unexpected error; the message has a reference to the log',
  503: 'The database or the packagers are away; try again',
  507: 'There is not enough space',
};

const methods = ['get', 'head', 'post', 'put', 'delete', 'patch', 'options'] as const;
const changing = new Set(['post', 'put', 'delete', 'patch']);

/** Gives the completed document. A route without an operation stays as its schemas describe it. */
export function complete(document: DocumentObject): DocumentObject {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const call = item[method];
      const name = `${method.toUpperCase()} ${path}`;
      const operation = operations[name];
      if (!call || !operation) continue;
      for (const parameter of call.parameters ?? []) completeParameter(parameter, name, operation);
      completeBody(call, operation);
      completeCall(call, operation, method);
    }
  }
  // The request schemas in the document's words.
  return { ...document, paths: documented(document.paths) as DocumentObject['paths'] };
}

function completeParameter(parameter: ParameterObject, call: string, { example }: Operation): void {
  const meaning = meaningOf(call, parameter.name);
  if (meaning) {
    parameter.description ??= meaning.description;
    parameter.schema = { ...parameter.schema, examples: [meaning.example] };
  }
  const given = (parameter.in === 'path' ? example?.path : example?.query)?.[parameter.name];
  if (given !== undefined) parameter.example = given;
}

function completeBody(call: CallObject, { bodies, example }: Operation): void {
  const json = call.requestBody?.content['application/json'];
  if (json && example?.body !== undefined) json.example = example.body;
  if (!call.requestBody) return;
  const { content } = call.requestBody;
  for (const [type, body] of Object.entries(bodies ?? {})) content[type] = { ...content[type], ...body };
}

function completeCall(call: CallObject, operation: Operation, method: string): void {
  const { privilege } = operation;
  const changes = changing.has(method) || operation.starts === true;
  if (privilege === 'public') call.security = [];
  else call.security = [{ basic: [] }, changes ? { session: [], csrfToken: [] } : { session: [] }];
  if (privilege !== undefined && privilege !== 'public')
    call.description = [call.description, `Needs the privilege \`${privilege}\`.`].filter(Boolean).join(' ');
  const failures = codesOf(call, operation, changes).map((code): [number, ResponseObject] => [
    code,
    failure(code, operation, method),
  ]);
  call.responses = { 200: success(operation.answer), ...Object.fromEntries(failures) };
}

/** With what a call can fail, lowest first. */
function codesOf(call: CallObject, { privilege, refusals = [] }: Operation, changes: boolean): number[] {
  const codes = new Set([400, 429, 500, 503, ...refusals]);
  if (privilege !== 'public') codes.add(401);
  if (privilege !== 'public' && (changes || privilege)) codes.add(403);
  if (call.parameters?.some((parameter) => parameter.in === 'path')) codes.add(404);
  if (call.requestBody) codes.add(413).add(415);
  return [...codes].sort((a, b) => a - b);
}

function failure(code: number, { stringMessages }: Operation, method: string): ResponseObject {
  const description = reasons[code] ?? STATUS_CODES[code] ?? '';
  // The answer to HEAD has no body.
  if (method === 'head') return { description };
  const schema = { $ref: `#/components/schemas/${stringMessages ? 'StringFailure' : 'Failure'}` };
  return { description, content: { 'application/json': { schema } } };
}

function success(answer: Operation['answer']): ResponseObject {
  const content: Content = {};
  if ('says' in answer && 'media' in answer) {
    for (const type of answer.media as string[]) content[type] = {};
    return { description: String(answer.says), content };
  }
  content['application/json'] = { schema: documented(answer) };
  return { description: 'Done, or accepted', content };
}
