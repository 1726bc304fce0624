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
  /** Pinned host keys, "type base64", revoked ones with "@revoked " before; empty: none yet. */
  readonly hostKeys: readonly string[];
  readonly options: TransferOptions;
}

/** How a server wants to be treated. Nothing needs to be set to be fast. */
export interface TransferOptions {
  /** Connections of one transfer at most; undefined: as many as the link's delay needs. */
  readonly connections: number | undefined;
  /** Of one transfer; undefined: no limit. */
  readonly bytesPerSecond: number | undefined;
  /** How the content is compared after an upload: by size, by reading parts of it back, or all of it. */
  readonly verify: 'size' | 'sample' | 'full';
  /** Old SSH algorithms this server may use besides the modern ones, by their names. */
  readonly oldAlgorithms: readonly string[];
  /** HTTP: with `bearer` the password is the token, and there is no user name. */
  readonly authentication: 'basic' | 'bearer';
}

export const defaultOptions: TransferOptions = {
  connections: undefined,
  bytesPerSecond: undefined,
  verify: 'sample',
  oldAlgorithms: [],
  authentication: 'basic',
};

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
  /** Told which host key the server shows, before it is judged. */
  readonly onHostKey?: (key: string) => void;
  /** Signs in with the key of the profile or not at all; a password only where the server wants both. */
  readonly keyOnly?: boolean;
}

/** The same for a server that shows a certificate. */
export interface SecureAccess extends ServerAccess {
  /** Certificates of authorities that are trusted besides the usual ones, PEM. */
  readonly authorities: readonly string[];
}
