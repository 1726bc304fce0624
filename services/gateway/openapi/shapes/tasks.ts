/** A job as `/tasks` shows it (contract, Appendix B.1). */
import { Type } from 'typebox';
import { jobStates } from '../../schemas/tasks.ts';
import { enveloped } from './envelope.ts';

const Maybe = (description: string) => Type.Union([Type.String(), Type.Null()], { description });
const Count = (description: string) => Type.Integer({ minimum: 0, description });
const Time = (description: string) => Type.String({ format: 'date-time', description });
const MaybeTime = (description: string) => Type.Union([Time(description), Type.Null()]);

const JobError = Type.Object({
  id: Type.String(),
  code: Type.String({ description: 'Stable; listed in docs/errors.md' }),
  text: Type.String(),
  explanation: Type.String(),
  recovery: Type.Object({ text: Type.String(), URL: Type.String() }),
});

const State = Type.Union(jobStates.map((state) => Type.Literal(state)));

export const Task = Type.Object(
  {
    jobUID: Type.String(),
    jobTitle: Type.String(),
    jobCategory: Type.String(),
    status: State,
    jobState: State,
    percentage: Type.Number({ minimum: 0, maximum: 100, description: '100 exactly when the job has ended' }),
    complete: Type.Boolean(),
    createdBy: Type.String(),
    startTime: Time('When it began; until then, when it was created'),
    endTime: MaybeTime('When it ended'),
    isCancelable: Type.Boolean(),
    children: Type.Array(Type.Unsafe({ $ref: '#/components/schemas/Task' })),
    step: Type.String({ description: 'What it does, or where it stopped' }),
    bytesDone: Count('Bytes so far'),
    bytesTotal: Count('Bytes in all, as far as known'),
    error: Type.Union([JobError, Type.Null()], { description: 'Why it failed' }),
    jobSummary: Type.String({ description: 'The error in one text; empty without one' }),
    attempts: Type.Array(
      Type.Object({
        started: Time('When the attempt began'),
        ended: MaybeTime('When it ended'),
        worker: Type.String(),
        error: Type.Union([JobError, Type.Null()]),
      }),
    ),
    profileId: Maybe('Of an export: what is exported'),
    serverId: Maybe('The remote file server'),
    filename: Maybe('Of an export: the name of the archive'),
    finalPath: Maybe('Of an export: where the archive is on the server'),
    size: Type.Union([Count('Bytes'), Type.Null()], { description: 'Of the archive' }),
    sha256: Maybe('Of the archive'),
    objectId: Maybe('Of an import: the id of what was made'),
    notes: Type.Array(Type.String(), { description: 'How it was done, one sentence each' }),
    retriedAs: Maybe('The job that runs in the place of this one'),
  },
  { description: 'A job' },
);

/** A list of jobs that were cancelled answers nothing; of those that run again, their successors. */
export const TaskActionDone = enveloped({
  retried: Type.Optional(
    Type.Array(Type.Object({ jobUID: Type.String(), retriedAs: Type.String() }), {
      description: 'With the action `retry`: which job runs in the place of which',
    }),
  ),
});

/** The vendor's form: a bare array, also for one job (contract, 10.1). */
export const Tasks = Type.Array(Task);
