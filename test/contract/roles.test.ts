/** Every call × every role (contract, section 2.5): who may, and what those who may not are told. */
import t from 'tap';
import { createTestGateway } from '../support/gateway.ts';

const edit = 'lxc-osdeploy-create-import-export-edit-os-files';
const server = 'lxc-osdeploy-create-edit-remote-file-server';
const everybody = '';
const nobodyNeeded = 'public';

/** The privilege of each call. */
const calls: Record<string, string> = {
  'POST /sessions': nobodyNeeded,
  'GET /openapi.json': nobodyNeeded,
  'GET /docs': nobodyNeeded,
  'GET /healthz': nobodyNeeded,
  'GET /readyz': nobodyNeeded,
  'GET /docs/:file': nobodyNeeded,
  'GET /sessions': everybody,
  'DELETE /sessions': everybody,
  'DELETE /sessions/:uuid': everybody,
  'GET /aicc': everybody,
  'GET /metrics': everybody,
  'GET /audit': 'lxc-read-audit',
  'GET /osImages': everybody,
  'POST /osImages': edit,
  'POST /files/osImages': edit,
  'GET /osImages/:id': edit,
  'HEAD /osImages/:id': edit,
  'POST /osImages/:id': edit,
  'PUT /osImages/:id': edit,
  'DELETE /osImages/:id': 'lxc-osdeploy-delete-os-files',
  'GET /osImages/remoteFileServers': everybody,
  'POST /osImages/remoteFileServers': server,
  'GET /osImages/remoteFileServers/:id': everybody,
  'PUT /osImages/remoteFileServers/:id': server,
  'POST /osImages/remoteFileServers/:id/test': server,
  'DELETE /osImages/remoteFileServers/:id': 'lxc-osdeploy-delete-remote-file-server',
  'GET /osdeployment/globalSettings': everybody,
  'PUT /osdeployment/globalSettings': 'lxc-osdeploy-edit-global-settings',
  'GET /osdeployment/connection': everybody,
  'GET /osImages/globalSettings': everybody,
  'PUT /osImages/globalSettings': 'lxc-osdeploy-edit-global-settings',
  'GET /osImages/connection': everybody,
  'GET /tasks': everybody,
  'GET /tasks/:list': everybody,
  'GET /tasks/:list/events': everybody,
  'PUT /tasks': edit,
  'PUT /tasks/:list': edit,
  'DELETE /tasks/:list': edit,
};

const allSix = [
  edit,
  'lxc-osdeploy-delete-os-files',
  server,
  'lxc-osdeploy-delete-remote-file-server',
  'lxc-osdeploy-edit-global-settings',
  'lxc-osdeploy-edit-settings-and-deploy-os-images',
];
const roles: Record<string, readonly string[]> = {
  'lxc-supervisor': [...allSix, 'lxc-read-audit', 'lxc-manage-sessions', 'lxc-manage-host-keys'],
  'lxc-admin': [...allSix, 'lxc-manage-sessions'],
  'lxc-hw-admin': allSix,
  'lxc-os-admin': allSix,
  'lxc-operator': [],
};

t.test('every call and every role', async (t) => {
  const { app, addUser } = await createTestGateway(t);
  const routes = app.routeTable
    .list()
    .map(({ method, path }) => ({ method, path, name: `${method} ${path}` }));
  t.strictSame(
    routes.map(({ name }) => name).sort(),
    Object.keys(calls).sort(),
    'the table has every route and nothing else',
  );
  const send = ({ method, path }: { method: string; path: string }, headers: Record<string, string>) =>
    app.inject({ method: method as 'GET', url: path.replace(/:\w+/g, 'a%7Cb'), headers });

  for (const route of routes) {
    const answer = await send(route, {});
    if (calls[route.name] === nobodyNeeded) t.not(answer.statusCode, 401, `${route.name} is public`);
    else t.equal(answer.statusCode, 401, `${route.name} without signing in`);
  }
  for (const [role, held] of Object.entries(roles)) {
    const headers = await addUser(role, role);
    for (const route of routes) {
      const privilege = calls[route.name] ?? '';
      const answer = await send(route, headers);
      const name = `${role}: ${route.name}`;
      if (privilege === everybody || privilege === nobodyNeeded || held.includes(privilege)) {
        t.notOk([401, 403].includes(answer.statusCode), `${name} passes`);
        continue;
      }
      t.equal(answer.statusCode, 403, `${name} is refused`);
      // The answer to HEAD has no body.
      if (route.method !== 'HEAD') t.match(answer.body, privilege, `${name} names the privilege`);
    }
  }
});
