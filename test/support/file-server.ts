/** A real remote file server as the tests of sources see it, whatever its protocol. */
import type { ServerProfile } from '../../services/packager/server-profile.ts';

export interface FileServer {
  readonly profile: ServerProfile;
  /** What it serves; `path` of a file there is `root` and the name. */
  readonly folder: string;
  /** What a path on the server begins with. */
  readonly root: string;
  /** Goes silent: connections stay, nothing moves any more. */
  freeze(): void;
  /** Breaks all connections. */
  drop(): void;
}
