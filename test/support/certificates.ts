/** Certificates for tests, made with openssl as an operator would. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { needTool } from './tools.ts';

const run = promisify(execFile);
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Paths of PEM files. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** Its own certificate. */
  readonly ca: string;
  /** Issues a certificate; `subject` such as `/CN=gateway`, `names` such as `DNS:localhost,IP:127.0.0.1`. */
  issue(file: string, subject: string, options?: { names?: string; days?: number }): Promise<Issued>;
}

export const loopbackNames = 'DNS:localhost,IP:127.0.0.1';

/** Makes an authority in a folder of its own; undefined, and `t` is skipped, where openssl is missing. */
export async function createAuthority(t: Test): Promise<Authority | undefined> {
  const openssl = needTool(t, 'openssl');
  if (openssl === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'osimage-certificates-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string) => join(folder, name);
  const ca = at('ca.pem');
  await run(openssl, ['req', '-x509', ...newKey, '-subj', '/CN=ca', '-keyout', at('ca.key'), '-out', ca]);
  return {
    ca,
    async issue(file, subject, { names, days = 30 } = {}) {
      const [cert, key, request] = [at(`${file}.pem`), at(`${file}.key`), at(`${file}.csr`)];
      const extensions = names === undefined ? [] : ['-addext', `subjectAltName=${names}`];
      await run(openssl, [
        'req',
        ...newKey,
        ...['-subj', subject, ...extensions],
        ...['-keyout', key, '-out', request],
      ]);
      const signing = ['-CA', ca, '-CAkey', at('ca.key'), '-copy_extensions', 'copy', '-days', String(days)];
      await run(openssl, ['x509', '-req', '-in', request, ...signing, '-out', cert]);
      return { cert, key };
    },
  };
}
