/** Makes a validator of each TypeBox schema, for Fastify. */
import { Problem } from '@osimage/errors';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { explain } from './explain.ts';
import { readQueryValues } from './query-values.ts';

/** What the parts of a request are called in a message. */
const parts: Record<string, string> = {
  body: 'The body',
  querystring: 'The query',
  params: 'The path',
  headers: 'The headers',
};

/** Gives the check of one part of a request; what is wrong comes as Problem invalid_request, in one sentence. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const validator = Compile(schema);
  return (given: unknown) => {
    const value = httpPart === 'querystring' ? readQueryValues(schema, given) : given;
    if (validator.Check(value)) return { value };
    const detail = explain(schema, value, parts[httpPart] ?? 'The request');
    return { error: new Problem('invalid_request', { detail }) };
  };
};
