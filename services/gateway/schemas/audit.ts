/** The query of /audit. */
import { Type } from 'typebox';

/** Entries given at once, at most. */
const mostEntries = 1_000;

export const AuditQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: mostEntries, default: 100, description: 'Entries at most.' }),
    ),
    before: Type.Optional(
      Type.String({
        pattern: '^[0-9]{1,14}-[0-9]{1,18}$',
        expected: 'the next of the page before',
        description: 'The `next` of the page before.',
      }),
    ),
    user: Type.Optional(Type.String({ maxLength: 256, description: 'Only what this user did or tried.' })),
    action: Type.Optional(
      Type.String({ maxLength: 256, description: 'Only this action, `profile.export`.' }),
    ),
    object: Type.Optional(
      Type.String({ maxLength: 256, description: 'Only what concerns the object of this id.' }),
    ),
    outcome: Type.Optional(
      Type.Union([Type.Literal('success'), Type.Literal('refused'), Type.Literal('failed')]),
    ),
    since: Type.Optional(Type.String({ maxLength: 40, description: 'At this time or later, ISO 8601.' })),
    until: Type.Optional(Type.String({ maxLength: 40, description: 'Before this time, ISO 8601.' })),
  },
  { additionalProperties: false },
);
