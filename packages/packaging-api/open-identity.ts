/** The identity that the settings name, kept up to date while its files are replaced. */
import { type Certificate, expiresSoon, keepFresh, readAuthorities, readCertificate } from '@osimage/secrets';
import { Identity } from './identity.ts';

export interface IdentitySettings {
  readonly GRPC_CA?: string | undefined;
  readonly GRPC_CERT?: string | undefined;
  readonly GRPC_KEY?: string | undefined;
}

export interface OpenIdentity {
  readonly identity: Identity;
  /** Reads the files again now. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** What a log offers. */
interface Log {
  info(fields: object, line: string): void;
  warn(fields: object, line: string): void;
  error(fields: object, line: string): void;
}

/**
 * Gives undefined when no certificate is set: calls then go in clear. Throws Problem certificate_unusable. A
 * replacement that cannot be used is logged, and the certificate before it stays.
 */
export async function openIdentity(settings: IdentitySettings, log: Log): Promise<OpenIdentity | undefined> {
  const { GRPC_CA: ca, GRPC_CERT: cert, GRPC_KEY: key } = settings;
  if (ca === undefined || cert === undefined || key === undefined) return undefined;
  const read = async () => ({
    ca: await readAuthorities({ setting: 'GRPC_CA', path: ca }),
    ...(await readCertificate({ setting: 'GRPC_CERT', path: cert }, { setting: 'GRPC_KEY', path: key })),
  });
  const kept = await keepFresh([ca, cert, key], read, {
    renewed: (files, before) => {
      identity.renew(files);
      if (files.fingerprint !== before.fingerprint)
        log.info({ fingerprint: files.fingerprint, expires: files.expires }, 'gRPC certificate replaced');
      warnOf(files, log);
    },
    failed: (err) => log.error({ err }, 'the gRPC certificate cannot be read again; the one before stays'),
  });
  const identity = new Identity(kept.current);
  warnOf(kept.current, log);
  return { identity, reload: () => kept.reload(), stop: () => kept.stop() };
}

function warnOf(certificate: Certificate, log: Log): void {
  if (expiresSoon(certificate))
    log.warn({ expires: certificate.expires }, 'the gRPC certificate expires soon; replace it');
}
