import { Type } from 'typebox';
import type { Operations } from '../operation.ts';

const page = (media: string, says: string): Operations[string] => ({
  privilege: 'public',
  answer: { media: [media], says },
  example: {},
});

export const serviceOperations: Operations = {
  'GET /openapi.json': {
    privilege: 'public',
    answer: Type.Object({ openapi: Type.String() }, { additionalProperties: true }),
    example: {},
  },
  'GET /docs': page('text/html', 'A page to read about the calls and to try them'),
  'GET /docs/{file}': {
    privilege: 'public',
    answer: { media: ['text/css', 'text/javascript', 'image/png'], says: 'What the page is made of' },
    example: { path: { file: 'docs.js' } },
  },
};
