/** Queries and bodies of /tasks (contract, section 10). */
import { Type } from 'typebox';
import { Strict } from './strict.ts';
import { Flag } from './text.ts';

export const jobStates = [
  'Pending',
  'Running',
  'Complete',
  'StoppedWithError',
  'Cancelled',
  'Interrupted',
] as const;

/** Jobs given at once, at most; also the default. */
export const mostTasks = 1_000;

export const TaskQuery = Strict({
  /** `true` leaves children out; here none has any. */
  compact: Type.Optional(Flag),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: mostTasks })),
  /** Only jobs older than this one. */
  before: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$', expected: 'the id of a job' })),
  /** One state, or several with commas between. */
  status: Type.Optional(Type.String()),
  createdBy: Type.Optional(Type.String({ maxLength: 256 })),
  /** Only jobs created at this time or later, ISO 8601. */
  since: Type.Optional(Type.String({ maxLength: 40 })),
});

/** `compact` as above. */
export const OneTaskQuery = Strict({ compact: Type.Optional(Flag) });

/** The vendor's cancel callback, or pylxca's update: nothing of it is ever done (contract, 10.1). */
export const ForeignJob = Type.Object({}, { additionalProperties: true });

export const TaskList = Type.Object({ list: Type.String() });

export const TaskAction = Strict({
  action: Type.String(),
  list: Type.Array(Type.Union([Type.String(), Type.Integer()]), { maxItems: mostTasks }),
});
