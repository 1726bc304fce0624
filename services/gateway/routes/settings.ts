/** Global settings and connection (contract, section 9), also below /osImages as help texts of clients read (C-18). */
import { success } from '../answers.ts';
import type { App } from '../app-types.ts';
import { holds, requirePrivilege } from '../auth/privileges.ts';
import { shownConnection } from '../global-settings/connection.ts';
import { changeSettings, shownSettings } from '../global-settings/settings.ts';
import { callFor } from '../packager-call.ts';
import { SettingsChange } from '../schemas/settings.ts';
import { NoParameters } from '../schemas/strict.ts';
import type { GatewayServices } from '../services.ts';

const tags = ['settings'];
const editing = 'lxc-osdeploy-edit-global-settings';

export function registerSettingsRoutes(app: App, services: GatewayServices): void {
  const { db, secrets } = services;
  for (const path of ['/osdeployment', '/osImages']) {
    const alias = path === '/osImages' ? ' (another address of it)' : '';
    app.get(
      `${path}/globalSettings`,
      {
        schema: {
          tags,
          summary: `Global settings of deployments${alias}`,
          description: 'Licence keys are shown whole to those who may change them, and their ends to others.',
          querystring: NoParameters,
        },
      },
      async (request) => success(await shownSettings(db, secrets, holds(request.user.role, editing))),
    );

    app.put(
      `${path}/globalSettings`,
      {
        onRequest: requirePrivilege(editing),
        config: { action: 'settings.change' },
        schema: {
          tags,
          summary: `Change global settings${alias}`,
          description:
            'What is absent stays. Another ipAssignment takes the privilege lxc-osdeploy-edit-settings-and-deploy-os-images as well.',
          querystring: NoParameters,
          body: SettingsChange,
        },
      },
      async ({ body, user }) => {
        const mayDeploy = holds(user.role, 'lxc-osdeploy-edit-settings-and-deploy-os-images');
        await changeSettings(db, secrets, body, { name: user.name, mayDeploy });
        return success();
      },
    );

    app.get(
      `${path}/connection`,
      {
        schema: {
          tags,
          summary: `Whether what works on images can be reached${alias}`,
          querystring: NoParameters,
        },
      },
      async (request) => success(await shownConnection(services, callFor(request))),
    );
  }
}
