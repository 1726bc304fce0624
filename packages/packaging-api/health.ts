/** Asking a packager whether it serves, as the standard health service has it. */
import { type Client, Metadata, type MethodDefinition } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

// The package promises nothing about its methods' types.
const check = service.Check as MethodDefinition<object, { status?: string }>;

/** How often to ask: calls go round the packagers, and one that serves is enough. */
const tries = 3;

/**
 * Whether a packager says within `deadlineMs` that it can serve: it does not while it stops, nor while its database is
 * away. Never throws.
 */
export async function anyServes(client: Client, deadlineMs: number): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  for (let left = tries; left > 0 && Date.now() < deadline; left -= 1) {
    if (await serves(client, deadline)) return true;
  }
  return false;
}

function serves(client: Client, deadline: number): Promise<boolean> {
  const { path, requestSerialize, responseDeserialize } = check;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  client.makeUnaryRequest(
    path,
    requestSerialize,
    responseDeserialize,
    { service: '' },
    new Metadata(),
    { deadline },
    (error, answer?: { status?: string }) => resolve(!error && answer?.status === 'SERVING'),
  );
  return promise;
}
