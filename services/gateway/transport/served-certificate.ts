/** Which certificate the gateway shows, kept up to date: a given one, one of its own making, or none. */
import { isLoopback } from '@osimage/outbound';
import { type Certificate, expiresSoon, type Kept, keepFresh, readCertificate } from '@osimage/secrets';
import type { Settings } from '@osimage/settings';
import type { Logger } from '@osimage/telemetry';

/**
 * Gives undefined when plain HTTP is enough: on loopback, with no certificate set. `renewed` is told of each
 * replacement. Throws Problem certificate_unusable; a replacement that cannot be used is logged and not taken.
 */
export async function openCertificate(
  settings: Pick<Settings, 'TLS_CERT' | 'TLS_KEY' | 'DATA_DIR' | 'GATEWAY_HOST'>,
  log: Logger,
  renewed: (certificate: Certificate) => void,
): Promise<Kept<Certificate> | undefined> {
  const source = await sourceOf(settings);
  if (source === undefined) return undefined;
  const kept = await keepFresh(source.paths, source.read, {
    renewed: (certificate, before) => {
      if (certificate.fingerprint !== before.fingerprint) {
        renewed(certificate);
        tell(certificate, 'certificate replaced', log);
      } else if (source.given) warnOf(certificate, log);
    },
    failed: (err) => log.error({ err }, 'the certificate cannot be read again; the one before stays'),
  });
  tell(kept.current, source.given ? 'certificate' : 'certificate, self-signed', log);
  return kept;
}

async function sourceOf(settings: Pick<Settings, 'TLS_CERT' | 'TLS_KEY' | 'DATA_DIR' | 'GATEWAY_HOST'>) {
  const { TLS_CERT: cert, TLS_KEY: key, DATA_DIR, GATEWAY_HOST } = settings;
  if (cert !== undefined && key !== undefined) {
    const files = [{ setting: 'TLS_CERT', path: cert } as const, { setting: 'TLS_KEY', path: key } as const];
    return { given: true, paths: [cert, key], read: () => readCertificate(files[0]!, files[1]!) };
  }
  if (isLoopback(GATEWAY_HOST)) return undefined;
  // What makes certificates is loaded where one is needed.
  const { selfSigned, selfSignedPath } = await import('./self-signed.ts');
  const read = () => selfSigned(DATA_DIR, GATEWAY_HOST);
  return { given: false, paths: [selfSignedPath(DATA_DIR)], read };
}

function tell(certificate: Certificate, what: string, log: Logger): void {
  log.info({ fingerprint: certificate.fingerprint, expires: certificate.expires }, what);
  warnOf(certificate, log);
}

function warnOf(certificate: Certificate, log: Logger): void {
  if (expiresSoon(certificate))
    log.warn({ expires: certificate.expires }, 'the certificate expires soon; replace it');
}
