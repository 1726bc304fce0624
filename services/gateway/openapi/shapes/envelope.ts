/** The envelope of the answers (contract, section 3.1), and how failures look. */
import { type TProperties, Type } from 'typebox';

const Message = Type.Object(
  {
    id: Type.String({ description: 'FQXHM, two letters of a component, four digits, a letter of severity' }),
    text: Type.String({ description: 'One sentence: what happened' }),
    explanation: Type.String(),
    recovery: Type.Object({
      text: Type.String({ description: 'What can be done about it' }),
      URL: Type.String(),
    }),
    recoveryUrl: Type.String(),
  },
  { description: 'What happened, and what can be done about it' },
);

const Failure = Type.Object(
  { result: Type.Literal('failed'), messages: Type.Array(Message, { minItems: 1 }) },
  { description: 'Why a call failed' },
);

const StringFailure = Type.Object(
  {
    filename: Type.Literal(''),
    jobID: Type.Literal(''),
    result: Type.Literal('failed'),
    messages: Type.Array(Type.String(), { minItems: 1 }),
  },
  { description: 'Why `GET /osImages/{id}` failed: its messages are sentences' },
);

/** A successful answer: its attributes beside `result` and `messages`. */
export function enveloped<Properties extends TProperties>(properties: Properties) {
  return Type.Object({
    ...properties,
    result: Type.Literal('success'),
    messages: Type.Array(Message),
  });
}

/** The answer of calls that have nothing to tell. */
export const Done = enveloped({});

export const envelopeShapes = { Message, Failure, StringFailure };
