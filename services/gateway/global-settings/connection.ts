/** `GET /osdeployment/connection`: whether what works on images can be reached. Its content in LXCA is not known. */
import { readSettings } from '@osimage/database';
import type { CallOptions } from '@osimage/packaging-api';
import type { GatewayServices } from '../services.ts';

const waitMs = 2_000;

/** Throws nothing: what cannot be reached is shown as such. */
export async function shownConnection({ db, packager }: GatewayServices, call: CallOptions) {
  const services = await Promise.all([
    reach('database', () => readSettings(db)),
    reach('packager', () => packager.listJobs({ pageSize: 1 }, { ...call, deadlineMs: waitMs })),
  ]);
  return { connection: { connected: services.every(({ connected }) => connected), services } };
}

async function reach(
  name: string,
  work: () => Promise<unknown>,
): Promise<{ name: string; connected: boolean }> {
  const connected = await work().then(
    () => true,
    () => false,
  );
  return { name, connected };
}
