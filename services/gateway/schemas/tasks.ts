/** Queries and bodies of /tasks (contract, section 10). */
import { Type } from 'typebox';

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

export const TaskQuery = Type.Object({
  /** `true` leaves children out; here none has any. */
  compact: Type.Optional(Type.String()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: mostTasks })),
  /** Only jobs older than this one. */
  before: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' })),
  /** One state, or several with commas between. */
  status: Type.Optional(Type.String()),
  createdBy: Type.Optional(Type.String({ maxLength: 256 })),
  /** Only jobs created at this time or later, ISO 8601. */
  since: Type.Optional(Type.String({ maxLength: 40 })),
});

export const TaskList = Type.Object({ list: Type.String() });

export const TaskAction = Type.Object({
  action: Type.String(),
  list: Type.Array(Type.Union([Type.String(), Type.Integer()]), { maxItems: mostTasks }),
});
