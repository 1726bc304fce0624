/** Request headers that mean something to single calls; each call reads and checks them itself. */
import { Type } from 'typebox';

/** A change passes only while its object is what the caller has read (RFC 9110, 13.1.1). */
export const IfMatch = Type.Object({ 'if-match': Type.Optional(Type.String()) });

/** Where a watcher was when the connection broke (server-sent events). */
export const LastEventId = Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 200 })) });

/** A repeated request with the same key gets the first one's answer (contract, 7.1). */
export const IdempotencyKey = Type.Object({ 'idempotency-key': Type.Optional(Type.String()) });
