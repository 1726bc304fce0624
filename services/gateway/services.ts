/** What the routes of the gateway work with; main.ts makes them, the tests make their own. */
import type { Database } from '@osimage/database';
import type { PackagingClient } from '@osimage/packaging-api';
import type { KeyRing } from '@osimage/secrets';
import type { Settings } from '@osimage/settings';
import type { Logger } from '@osimage/telemetry';

export interface GatewayServices {
  readonly settings: Settings;
  readonly db: Database;
  readonly packager: PackagingClient;
  readonly secrets: KeyRing;
  /** Folder of blobs, staging and exports; absolute. */
  readonly storeRoot: string;
  readonly log: Logger;
}
