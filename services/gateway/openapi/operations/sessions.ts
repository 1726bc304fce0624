import { Type } from 'typebox';
import type { Operations } from '../operation.ts';
import { Done, enveloped } from '../shapes/envelope.ts';
import { Appliance, Session, SignedIn } from '../shapes/sessions.ts';

export const sessionOperations: Operations = {
  'POST /sessions': {
    privilege: 'public',
    answer: SignedIn,
    refusals: [403],
    example: { body: { UserId: 'USERID', password: 'choose-a-password' } },
  },
  'GET /sessions': { answer: enveloped({ response: Type.Array(Session) }), example: {} },
  'DELETE /sessions': { answer: Done, example: {} },
  'DELETE /sessions/{uuid}': {
    answer: Done,
    example: { path: { uuid: '6f1c2a52-6d5c-4a43-9a0e-0d3f0f2f8a11' } },
  },
  'GET /aicc': { answer: Appliance, example: {} },
};
