/** What `PUT /osdeployment/globalSettings` takes (contract, section 9): any part of it; what is absent stays. */
import { type Static, type TSchema, Type } from 'typebox';
import { Strict } from './strict.ts';
import { Line } from './text.ts';

/** Clients send null for what they leave out. */
const Maybe = <Schema extends TSchema>(schema: Schema) => Type.Optional(Type.Union([schema, Type.Null()]));

const Domain = Strict({
  /** Given by the service where it is absent; a number in one example of the reference. */
  id: Maybe(Type.Union([Line(40), Type.Integer({ minimum: 0 })])),
  domainName: Line(255),
  OU: Maybe(Line(1_024)),
});

const Credential = Strict({
  type: Type.String({
    pattern:
      '^([Ee][Ss][Xx][Ii]|[Ll][Ii][Nn][Uu][Xx]|[Ww][Ii][Nn][Dd][Oo][Ww][Ss]|[Rr][Hh][Ee][Ll]/[Ee][Ss][Xx][Ii])$',
    expected: 'ESXi, LINUX, WINDOWS or RHEL/ESXi',
  }),
  name: Maybe(Line(255)),
  password: Maybe(Type.String({ maxLength: 1_024 })),
  passwordChanged: Maybe(Type.Boolean()),
});

const LicenceKeys = Strict({
  dataCenterLicenseKey: Maybe(Line(100)),
  standardLicenseKey: Maybe(Line(100)),
});

export const SettingsChange = Strict({
  deploySettings: Maybe(
    Strict({
      ipDuplicationCheckEnabled: Maybe(Type.Boolean()),
      stateTransitionTimeout: Maybe(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    }),
  ),
  activeDirectory: Maybe(
    Strict({
      allDomains: Maybe(Type.Array(Domain, { maxItems: 1_000 })),
      // Null is a value here: no default domain.
      defaultDomain: Maybe(Line(255)),
    }),
  ),
  credentials: Maybe(Type.Array(Credential, { maxItems: 20 })),
  ipAssignment: Maybe(
    Type.String({ pattern: '^(dhcpv4|staticv4|staticv6)$', expected: 'dhcpv4, staticv4 or staticv6' }),
  ),
  /** Printed as a text in the reference, used as a Boolean. */
  isVLANMode: Maybe(
    Type.Union([Type.Boolean(), Type.String({ pattern: '^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$' })], {
      expected: 'true or false',
    }),
  ),
  licenseKeys: Maybe(Type.Record(Type.String(), LicenceKeys, { maxProperties: 100 })),
});
export type SettingsChange = Static<typeof SettingsChange>;
