import type { Operation, Operations } from '../operation.ts';
import { Done } from '../shapes/envelope.ts';
import { Connection, Settings } from '../shapes/settings.ts';

const change: Operation = {
  privilege: 'lxc-osdeploy-edit-global-settings',
  answer: Done,
  example: {
    body: {
      credentials: [{ type: 'LINUX', name: 'root', password: 'choose-a-password', passwordChanged: true }],
      ipAssignment: 'staticv4',
      isVLANMode: 'false',
    },
  },
};

export const settingsOperations: Operations = Object.fromEntries(
  // The second is another address of the same (contract, C-18).
  ['/osdeployment', '/osImages'].flatMap((path) => [
    [`GET ${path}/globalSettings`, { answer: Settings, example: {} }],
    [`PUT ${path}/globalSettings`, change],
    [`GET ${path}/connection`, { answer: Connection, example: {} }],
  ]),
);
