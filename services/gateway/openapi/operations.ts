/** Every operation of the document. */
import type { Operations } from './operation.ts';
import { imageOperations } from './operations/images.ts';
import { serverOperations } from './operations/servers.ts';
import { serviceOperations } from './operations/service.ts';
import { sessionOperations } from './operations/sessions.ts';
import { settingsOperations } from './operations/settings.ts';
import { taskOperations } from './operations/tasks.ts';

export const operations: Operations = {
  ...sessionOperations,
  ...imageOperations,
  ...serverOperations,
  ...settingsOperations,
  ...taskOperations,
  ...serviceOperations,
};
