/** A client of the packaging service with promises, Problems and AbortSignals. */
import { isIP } from 'node:net';
import { type ClientUnaryCall, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { hostsOf } from './address.ts';
import { api } from './definition.ts';
import type { PackagingServiceDefinition } from './generated/osimage/packaging/v1/PackagingService.ts';
import type { WatchJobResponse__Output as WatchJobResponse } from './generated/osimage/packaging/v1/WatchJobResponse.ts';
import { anyServes } from './health.ts';
import type { Identity } from './identity.ts';
import { fromStatus } from './status.ts';

export interface CallOptions {
  /** Whom the call is made for. */
  readonly user: string;
  readonly requestId?: string;
  /** The caller keeps an audit entry of this itself; the packager believes that of a gateway only. */
  readonly audited?: true;
  readonly signal?: AbortSignal;
  /** How long the call may take, ms; 10,000 unless told. */
  readonly deadlineMs?: number;
}

/** Has many answers. */
type Streaming = 'WatchJob';

type Methods = {
  [Name in keyof PackagingServiceDefinition as string extends Name
    ? never
    : Uncapitalize<Exclude<Name & string, Streaming>>]: PackagingServiceDefinition[Name] extends {
    requestSerialize: (value: infer Request) => Buffer;
    responseDeserialize: (bytes: Buffer) => infer Response;
  }
    ? (request: Request, call: CallOptions) => Promise<Response>
    : never;
};

/** One promise method for each rpc that has one answer; each throws Problem. */
export interface PackagingClient extends Methods {
  /** Gives how a job is now and each time it has changed, until it has ended. Throws Problem. */
  watchJob(request: { id: string }, call: Omit<CallOptions, 'deadlineMs'>): AsyncIterable<WatchJobResponse>;
  /** Whether a packager answers within `deadlineMs` that it can serve. Never throws. */
  serving(deadlineMs: number): Promise<boolean>;
  close(): void;
}

export const userMetadata = 'osimage-user';
export const requestIdMetadata = 'osimage-request-id';
export const auditedMetadata = 'osimage-audited';

const defaultDeadlineMs = 10_000;

type Unary = (
  request: unknown,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceError | null, response: unknown) => void,
) => ClientUnaryCall;

/**
 * Connects to the packagers at `address` (host:port, or dns:///name:port, over which calls are spread), with
 * mutual TLS as `identity`, else in clear. Connects lazily and again by itself; while nobody answers, calls
 * throw Problem `unavailable`.
 */
export function connectPackager(address: string, identity?: Identity): PackagingClient {
  const hosts = hostsOf(address);
  // A Unix socket has no host; its server is this machine's.
  if (hosts.length === 0) hosts.push('localhost');
  const channelCredentials = identity?.channelCredentials(hosts) ?? credentials.createInsecure();
  const client = new api.PackagingService(address, channelCredentials, {
    // Control calls stay among ourselves, whatever proxy the environment names for the web.
    'grpc.enable_http_proxy': 0,
    // TLS takes no IP address for the server name a client announces, and ours ignores the name.
    ...(isIP(hosts[0]!) !== 0 && { 'grpc.ssl_target_name_override': 'packager' }),
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    // Reconnect soon after a packager restarts; the default backs off to two minutes.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
  });
  const methods: Record<string, unknown> = {
    serving: (deadlineMs: number) => anyServes(client, deadlineMs),
    watchJob: (request: { id: string }, call: CallOptions) => watched(client, request, call),
    close: () => client.close(),
  };
  for (const [name, { responseStream }] of Object.entries(api.PackagingService.service)) {
    if (responseStream) continue;
    const method = `${name[0]?.toLowerCase()}${name.slice(1)}`;
    methods[method] = (request: unknown, call: CallOptions) =>
      unary((client as unknown as Record<string, Unary>)[method]!.bind(client), request, call);
  }
  return methods as unknown as PackagingClient;
}

function unary(method: Unary, request: unknown, call: CallOptions): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  if (call.signal?.aborted) return Promise.reject(call.signal.reason);
  const metadata = metadataOf(call);
  const deadline = Date.now() + (call.deadlineMs ?? defaultDeadlineMs);
  const running = method(request, metadata, { deadline }, (error, response) => {
    call.signal?.removeEventListener('abort', cancel);
    if (error) reject(call.signal?.aborted ? call.signal.reason : fromStatus(error));
    else resolve(response);
  });
  const cancel = () => running.cancel();
  call.signal?.addEventListener('abort', cancel, { once: true });
  return promise;
}

async function* watched(
  client: InstanceType<typeof api.PackagingService>,
  request: { id: string },
  call: CallOptions,
): AsyncGenerator<WatchJobResponse, void, void> {
  call.signal?.throwIfAborted();
  const running = client.watchJob(request, metadataOf(call));
  const cancel = () => running.cancel();
  call.signal?.addEventListener('abort', cancel, { once: true });
  try {
    yield* running as AsyncIterable<WatchJobResponse>;
  } catch (error) {
    throw call.signal?.aborted ? call.signal.reason : fromStatus(error as ServiceError);
  } finally {
    call.signal?.removeEventListener('abort', cancel);
    running.cancel();
  }
}

function metadataOf(call: CallOptions): Metadata {
  const metadata = new Metadata();
  metadata.set(userMetadata, encodeURIComponent(call.user));
  if (call.requestId) metadata.set(requestIdMetadata, call.requestId);
  if (call.audited) metadata.set(auditedMetadata, '1');
  return metadata;
}
