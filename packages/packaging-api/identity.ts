/** Who this process is towards the others over gRPC: its certificate and the authorities it believes. */

import { Buffer } from 'node:buffer';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  type ChannelCredentials,
  experimental,
  type ServerCredentials as PlainServerCredentials,
  ServerCredentials,
} from '@grpc/grpc-js';

/** PEM texts. */
export interface IdentityFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Replaced while it is in use: connections made afterwards use the new certificate. */
export class Identity implements experimental.CertificateProvider {
  #files: IdentityFiles;
  readonly #caListeners = new Set<experimental.CaCertificateUpdateListener>();
  readonly #identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  readonly #servers = new Set<MutualTls>();

  constructor(files: IdentityFiles) {
    this.#files = files;
  }

  renew(files: IdentityFiles): void {
    this.#files = files;
    for (const listener of this.#caListeners) listener(this.#ca());
    for (const listener of this.#identityListeners) listener(this.#pair());
    for (const server of this.#servers) server.renew(files);
  }

  /** For a server: callers must show a certificate of an authority we believe. */
  serverCredentials(): PlainServerCredentials {
    const credentials = new MutualTls(this.#files);
    this.#servers.add(credentials);
    return credentials;
  }

  /** For a client: the server must show one that names one of `hosts`. */
  channelCredentials(hosts: readonly string[]): ChannelCredentials {
    return experimental.createCertificateProviderChannelCredentials(this, this, {
      // The name it is called with is the first of a list, whichever of them answers.
      checkServerIdentity: (_called, certificate) => checkNames(hosts, certificate),
    });
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#caListeners.add(listener);
    listener(this.#ca());
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identityListeners.add(listener);
    listener(this.#pair());
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identityListeners.delete(listener);
  }

  #ca(): experimental.CaCertificateUpdate {
    return { caCertificate: Buffer.from(this.#files.ca) };
  }

  #pair(): experimental.IdentityCertificateUpdate {
    const { cert, key } = this.#files;
    return { certificate: Buffer.from(cert), privateKey: Buffer.from(key) };
  }
}

/** Every gRPC library of the last years speaks TLS 1.3, so that nothing older need be allowed. */
class MutualTls extends ServerCredentials {
  constructor(files: IdentityFiles) {
    super({ requestCert: true, rejectUnauthorized: true }, contextOf(files));
  }

  renew(files: IdentityFiles): void {
    this.updateSecureContextOptions(contextOf(files));
  }

  override _equals(other: PlainServerCredentials): boolean {
    return other === this;
  }
}

function contextOf({ ca, cert, key }: IdentityFiles) {
  return { ca, cert, key, minVersion: 'TLSv1.3' } as const;
}

function checkNames(hosts: readonly string[], certificate: PeerCertificate): Error | undefined {
  let wrong: Error | undefined = new Error('there is no host to compare the certificate with');
  for (const host of hosts) {
    wrong = checkServerIdentity(host, certificate);
    if (wrong === undefined) return undefined;
  }
  return wrong;
}
