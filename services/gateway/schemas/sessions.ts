/** Bodies of /sessions. */
import { Type } from 'typebox';

/** Other attributes are let pass: scripts send heartbeat settings that mean nothing here. */
export const SignIn = Type.Object({ UserId: Type.String(), password: Type.String() });
