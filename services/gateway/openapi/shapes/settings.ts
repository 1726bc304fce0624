/** Global settings and connection as answers show them (contract, section 9): never a password. */
import { Type } from 'typebox';
import { enveloped } from './envelope.ts';

const LicenceKeys = Type.Object({
  dataCenterLicenseKey: Type.String(),
  standardLicenseKey: Type.String(),
});

export const Settings = enveloped({
  deploySettings: Type.Object({
    ipDuplicationCheckEnabled: Type.Boolean(),
    stateTransitionTimeout: Type.Integer({ description: 'Seconds' }),
  }),
  globalSetting: Type.Object({
    activeDirectory: Type.Object({
      allDomains: Type.Array(
        Type.Object({ id: Type.String(), domainName: Type.String(), OU: Type.String() }),
      ),
      defaultDomain: Type.Union([Type.String(), Type.Null()]),
    }),
    credentials: Type.Array(
      Type.Object({
        name: Type.String(),
        type: Type.String(),
        password: Type.Null({ description: 'Never shown' }),
        passwordChanged: Type.Boolean(),
      }),
    ),
    ipAssignment: Type.String(),
    isVLANMode: Type.Boolean(),
    licenseKeys: Type.Record(Type.String(), LicenceKeys, { description: 'By release of Windows Server' }),
  }),
});

export const Connection = enveloped({
  connection: Type.Object({
    connected: Type.Boolean({ description: 'Whether all of them can be reached' }),
    services: Type.Array(Type.Object({ name: Type.String(), connected: Type.Boolean() })),
  }),
});
