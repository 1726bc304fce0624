/** The application's type, and what this gateway adds to Fastify's requests and routes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
// What a route's schema may say for the documentation: summary, tags and so on.
import type {} from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { SessionRow } from '@osimage/database';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { AuditNotes } from './audit/notes.ts';
import type { RouteTable } from './route-table.ts';

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Who makes a request. */
export interface SignedInUser {
  readonly name: string;
  readonly role: string;
  readonly via: 'session' | 'basic';
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Every route there is. */
    routeTable: RouteTable;
    /** Answers requests from now on: the database is there. */
    open(): void;
    /** Says from now on, at `/readyz` and with each answer, that requests should go elsewhere. */
    drain(): void;
  }

  interface FastifyRequest {
    /** Set on every route that is not public. */
    user: SignedInUser;
    /** Set when the request is authenticated by a session cookie. */
    session: SessionRow | undefined;
    /** What the request's entry in the audit trail will say. */
    audit: AuditNotes;
    /** Keeps the entry now, for answers that are not sent the usual way. */
    recordAudit(status: number): Promise<void>;
  }

  interface FastifyContextConfig {
    /** The route needs no signed-in user. */
    public?: boolean;
    /** The route answers before the database was there. */
    evenClosed?: boolean;
    /** Failures have the form of `GET /osImages/{x}`: messages are strings. */
    stringMessages?: boolean;
    /** Percent-decoding only in the query: a `+` stays a `+` (contract, 1.10). */
    plainQuery?: boolean;
    /** What the route does, in the words of the audit trail: `profile.change`. Made of method and path where absent. */
    action?: string;
  }
}
