/** Who may do what (contract, section 2.5): every changing call, and the export, by role. */
import t from 'tap';
import { holds, privileges, roles } from '../../services/gateway/auth/privileges.ts';
import { createTestGateway } from '../support/gateway.ts';

const edit = 'lxc-osdeploy-create-import-export-edit-os-files';
const calls = [
  ['POST', '/osImages?imageType=OS', edit],
  ['POST', '/files/osImages?jobId=1&imageType=OS&imageName=x.iso', edit],
  ['POST', '/osImages/a%7Cb', edit],
  ['GET', '/osImages/a%7Cb', edit],
  ['GET', '/osImages/a.tar.gz', edit],
  ['HEAD', '/osImages/a.tar.gz', edit],
  ['DELETE', '/osImages/a', 'lxc-osdeploy-delete-os-files'],
  ['POST', '/osImages/remoteFileServers', 'lxc-osdeploy-create-edit-remote-file-server'],
  ['PUT', '/osImages/remoteFileServers/1', 'lxc-osdeploy-create-edit-remote-file-server'],
  ['DELETE', '/osImages/remoteFileServers/1', 'lxc-osdeploy-delete-remote-file-server'],
  ['PUT', '/tasks', edit],
  ['PUT', '/tasks/1', edit],
  ['DELETE', '/tasks/1', edit],
] as const;

t.test('the table of roles', async (t) => {
  const ours: Record<string, readonly string[]> = {
    'lxc-read-audit': ['lxc-supervisor'],
    'lxc-manage-host-keys': ['lxc-supervisor'],
    'lxc-manage-sessions': ['lxc-supervisor', 'lxc-admin'],
  };
  for (const privilege of privileges) {
    const holders = ours[privilege] ?? ['lxc-supervisor', 'lxc-admin', 'lxc-hw-admin', 'lxc-os-admin'];
    for (const role of [...Object.keys(roles), 'unknown', '', 'toString', '__proto__'])
      t.equal(holds(role, privilege), holders.includes(role), `${role}: ${privilege}`);
  }
  t.equal(Object.keys(roles).length, 5);
});

t.test('every call is refused to those without its privilege, with its name', async (t) => {
  const { app, addUser } = await createTestGateway(t);
  for (const role of Object.keys(roles)) {
    const headers = await addUser(role, role);
    for (const [method, url, privilege] of calls) {
      const answer = await app.inject({ method, url, headers });
      const name = `${role}: ${method} ${url}`;
      if (role !== 'lxc-operator') t.not(answer.statusCode, 403, name);
      else {
        t.equal(answer.statusCode, 403, name);
        if (method !== 'HEAD') t.match(answer.body, privilege, name);
      }
    }
    for (const url of ['/osImages', '/osImages/remoteFileServers', '/tasks', '/aicc'])
      t.equal((await app.inject({ url, headers })).statusCode, 200, `${role}: GET ${url}`);
  }
});

t.test('nothing but signing in works without a user', async (t) => {
  const { app } = await createTestGateway(t);
  const reading = ['/osImages', '/osImages/remoteFileServers', '/tasks', '/tasks/1', '/aicc'].map(
    (url) => ['GET', url] as const,
  );
  for (const [method, url] of [...calls, ...reading, ['DELETE', '/sessions'] as const])
    t.equal((await app.inject({ method, url })).statusCode, 401, `${method} ${url}`);
});
