import { Type } from 'typebox';
import type { Operations } from '../operation.ts';
import { enveloped } from '../shapes/envelope.ts';

const text = Type.String();
const Maybe = Type.Union([text, Type.Null()]);

export const AuditEntry = Type.Object(
  {
    id: Type.Integer(),
    time: Type.String({ format: 'date-time' }),
    source: text,
    user: text,
    address: text,
    action: text,
    objects: Type.Array(text),
    outcome: Type.Union([Type.Literal('success'), Type.Literal('refused'), Type.Literal('failed')]),
    code: Maybe,
    status: Type.Union([Type.Integer(), Type.Null()]),
    requestId: text,
    jobId: Maybe,
    detail: text,
  },
  { description: 'Who did what' },
);

export const serviceOperations: Operations = {
  'GET /audit': {
    privilege: 'lxc-read-audit',
    answer: enveloped({ entries: Type.Array(AuditEntry), next: text }),
    example: { query: { limit: 20 } },
  },
  'GET /metrics': {
    answer: { media: ['text/plain'], says: 'Metrics in the text form of Prometheus' },
    example: {},
  },
  'GET /healthz': { privilege: 'public', answer: enveloped({}), example: {} },
  'GET /readyz': {
    privilege: 'public',
    answer: enveloped({ draining: Type.Boolean(), database: Type.Boolean(), packager: Type.Boolean() }),
    example: {},
  },
  'GET /openapi.json': {
    privilege: 'public',
    answer: Type.Object({ openapi: text }, { additionalProperties: true }),
    example: {},
  },
  'GET /docs': {
    privilege: 'public',
    answer: { media: ['text/html'], says: 'A page to read about the calls and to try them' },
    example: {},
  },
  'GET /docs/{file}': {
    privilege: 'public',
    answer: { media: ['text/css', 'text/javascript', 'image/png'], says: 'A file' },
    example: { path: { file: 'docs.js' } },
  },
};
