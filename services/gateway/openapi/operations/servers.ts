import type { Operations } from '../operation.ts';
import { Done } from '../shapes/envelope.ts';
import { OneServer, ServerList, TestedServer } from '../shapes/servers.ts';

const edit = 'lxc-osdeploy-create-edit-remote-file-server';
const path = '/osImages/remoteFileServers';

export const serverOperations: Operations = {
  [`GET ${path}`]: { answer: ServerList, example: {} },
  [`POST ${path}`]: {
    privilege: edit,
    answer: OneServer,
    refusals: [404, 409, 412],
    example: {
      body: {
        address: '192.0.2.17',
        displayName: 'archives',
        port: 22,
        protocol: 'SFTP',
        username: 'exports',
        password: 'choose-a-password',
      },
    },
  },
  [`GET ${path}/{id}`]: { answer: OneServer, example: { path: { id: '1' } } },
  [`PUT ${path}/{id}`]: {
    privilege: edit,
    answer: OneServer,
    refusals: [409, 412],
    example: { path: { id: '1' }, body: { displayName: 'archives of the lab', defaultPath: '/exports/' } },
  },
  [`POST ${path}/{id}/test`]: {
    privilege: edit,
    answer: TestedServer,
    refusals: [503],
    example: { path: { id: '1' } },
  },
  [`DELETE ${path}/{id}`]: {
    privilege: 'lxc-osdeploy-delete-remote-file-server',
    answer: Done,
    refusals: [409, 412],
    example: { path: { id: '1' } },
  },
};
