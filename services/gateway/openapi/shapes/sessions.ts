/** Sessions (contract, 2.2 and 2.4) and the appliance (section 11). */
import { Type } from 'typebox';
import { enveloped } from './envelope.ts';

const common = {
  id: Type.String(),
  inactivityTimeout: Type.Integer({ description: 'Minutes' }),
  UserId: Type.String(),
  Address: Type.String(),
  authenticationServer: Type.String(),
  created: Type.String({ format: 'date-time' }),
  lastAccessed: Type.String({ format: 'date-time' }),
  idleFor: Type.String({ description: 'Minutes' }),
  isOwnSession: Type.Boolean(),
};

export const Session = Type.Object(common, { description: 'Somebody signed in' });

export const SignedIn = enveloped({
  response: Type.Object({
    pwChangeRequired: Type.Boolean(),
    session: Type.Object({
      ...common,
      csrf: Type.String({ description: 'The value of the header X-Csrf-Token from now on' }),
    }),
  }),
});

const text = Type.String();
const number = Type.Integer();

export const Appliance = Type.Object({
  appliance: Type.Object({
    name: text,
    version: text,
    build: text,
    date: text,
    uuid: text,
    runlevel: number,
    status: Type.Literal('Normal'),
  }),
  appliance_states: Type.Array(Type.Object({ description: text, runlevel: number })),
  date: Type.Object({
    date_time: Type.String({ format: 'date-time' }),
    parts: Type.Object({ yyyy: number, mm: number, dd: number, hours: number, mins: number, secs: number }),
    time_format: text,
    timezone: text,
    timezone_id: text,
    timezones: Type.Array(Type.Unknown()),
  }),
  network_interfaces: Type.Array(Type.Unknown()),
  ntp: Type.Object({ servers: Type.Array(Type.Unknown()) }),
  services: Type.Array(Type.Unknown()),
  service_states: Type.Array(Type.Unknown()),
  subscriptions: Type.Array(Type.Unknown()),
});
