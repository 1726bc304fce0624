/** Bodies and paths of /sessions. */
import { Type } from 'typebox';
import { Strict } from './strict.ts';

export const SignIn = Strict({
  UserId: Type.String(),
  password: Type.String(),
  /** What scripts send along; sessions here need no heartbeat. */
  heartBeatEnabled: Type.Optional(Type.Unknown()),
  maxLostHeartBeats: Type.Optional(Type.Unknown()),
  csrf: Type.Optional(Type.Unknown()),
});

export const SessionParams = Strict({
  uuid: Type.String({ description: 'The id of a session, from GET /sessions or from the sign-in.' }),
});
