/** Who calls, and for whom: told by the caller's certificate where there is TLS, else by what it says. */

import type { PeerCertificate } from 'node:tls';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import { Problem } from '@osimage/errors';
import { userMetadata } from '@osimage/packaging-api';
import { firstOf } from './metadata.ts';

export interface Caller {
  /** Whom the call is made for: a gateway's user, or the caller itself. */
  readonly user: string;
  /** The name in the caller's certificate; undefined in clear, where only this machine can call. */
  readonly peer: string | undefined;
  /** Whether somebody else, whom a gateway signed in, is behind the call. Anybody else calls for itself. */
  readonly viaGateway: boolean;
}

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getAuthContext'>;

/**
 * Tells who calls. Only those named in `gateways` may speak for a user. In clear, which is over loopback only,
 * whoever calls is believed. Throws Problem caller_without_name or speaks_for_nobody.
 */
export function callerOf(call: AnyCall, gateways: readonly string[]): Caller {
  const said = saidUser(call.metadata);
  const { transportSecurityType, sslPeerCertificate } = call.getAuthContext();
  if (transportSecurityType === undefined)
    return { user: said || 'grpc', peer: undefined, viaGateway: said !== '' };
  const peer = nameIn(sslPeerCertificate);
  if (said === '' || said === peer) return { user: peer, peer, viaGateway: false };
  if (!gateways.includes(peer)) throw new Problem('speaks_for_nobody', { name: peer, user: said });
  return { user: said, peer, viaGateway: true };
}

/** The common name of a certificate; without one, the first of its alternative names. */
function nameIn(certificate: PeerCertificate | undefined): string {
  const common = certificate?.subject?.CN as string | string[] | undefined;
  const [alternative = ''] = certificate?.subjectaltname?.split(', ') ?? [];
  const name = [common].flat()[0] || alternative.replace(/^(DNS|IP Address|URI|email):/, '');
  // Names with quotes or control characters are shown by Node in quotes: no name we would want in a table.
  if (!/^[^\p{Cc}"]{1,200}$/u.test(name)) throw new Problem('caller_without_name');
  return name;
}

function saidUser(metadata: Metadata): string {
  const value = firstOf(metadata, userMetadata);
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
