import type { Operations } from '../operation.ts';
import { Done } from '../shapes/envelope.ts';
import { TaskActionDone, Tasks } from '../shapes/tasks.ts';

const edit = 'lxc-osdeploy-create-import-export-edit-os-files';

export const taskOperations: Operations = {
  'GET /tasks': { answer: Tasks, example: { query: { limit: 20 } } },
  'GET /tasks/{list}': { answer: Tasks, example: { path: { list: '42' } } },
  'GET /tasks/{list}/events': {
    answer: { media: ['text/event-stream'], says: 'Events, until all jobs have ended' },
    example: { path: { list: '42' } },
  },
  'PUT /tasks': {
    privilege: edit,
    answer: TaskActionDone,
    refusals: [404, 409, 507],
    example: { body: { action: 'cancel', list: ['42'] } },
  },
  'PUT /tasks/{list}': {
    privilege: edit,
    answer: Done,
    example: { path: { list: '42' }, body: { jobUID: '42', percentage: 50 } },
  },
  'DELETE /tasks/{list}': {
    privilege: edit,
    answer: Done,
    refusals: [409],
    example: { path: { list: '42' } },
  },
};
