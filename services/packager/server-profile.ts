/** A remote file server as jobs reach it: where it is, who we are there, and where we may connect to at all. */
import type { AddressRules } from '@osimage/outbound';

/** Password and private key are already opened. */
export interface ServerProfile {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS' | 'FTP' | 'FTPS' | 'SFTP';
  readonly username: string;
  readonly password: string;
  /** PEM; empty: there is none. SFTP only. */
  readonly privateKey: string;
  /** Folder used when the export names no path; empty: where the login lands. */
  readonly defaultPath: string;
  /** Pinned host keys, "type base64"; empty: none yet. */
  readonly hostKeys: readonly string[];
}

/** What it takes to connect to it. */
export interface ServerAccess {
  readonly server: ServerProfile;
  readonly signal: AbortSignal;
  readonly addresses: AddressRules;
  /**
   * Pins the first host key ever seen, "type base64". Gives the keys that are pinned afterwards: another
   * attempt may have been first. Throws Problem when pinning is not allowed.
   */
  readonly pinHostKey: (key: string) => Promise<readonly string[]>;
}
