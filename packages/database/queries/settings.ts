/** Global settings (contract, section 9), and their secrets, which pass through sealed (packages/secrets). */
import type { Queryable } from '../pool.ts';

export interface DomainSetting {
  id: string;
  domainName: string;
  OU: string;
}

export interface DeploySettings {
  ipDuplicationCheckEnabled: boolean;
  /** Seconds. */
  stateTransitionTimeout: number;
  allDomains: DomainSetting[];
  defaultDomain: string | null;
  /** One for each type; their passwords are among the secrets. */
  credentials: { type: string; name: string }[];
  ipAssignment: string;
  isVLANMode: boolean;
}

/** Gives what was ever set; the rest has its defaults. */
export async function readSettings(db: Queryable): Promise<Partial<DeploySettings>> {
  const { rows } = await db.query<{ settings: Partial<DeploySettings> }>(
    'select settings from deploy_settings',
  );
  return rows[0]!.settings;
}

/** As readSettings; nobody else can change them until the transaction ends. */
export async function lockSettings(tx: Queryable): Promise<Partial<DeploySettings>> {
  const { rows } = await tx.query<{ settings: Partial<DeploySettings> }>(
    'select settings from deploy_settings for update',
  );
  return rows[0]!.settings;
}

export async function saveSettings(tx: Queryable, settings: DeploySettings, by: string): Promise<void> {
  await tx.query('update deploy_settings set settings = $1, modified_by = $2, modified_at = now()', [
    settings,
    by,
  ]);
}

/** Gives the sealed secrets whose ids begin so, by id. */
export async function readSettingSecrets(db: Queryable, prefix: string): Promise<Map<string, string>> {
  const { rows } = await db.query<{ id: string; sealed: string }>(
    'select id, sealed from setting_secrets where starts_with(id, $1) order by id',
    [prefix],
  );
  return new Map(rows.map(({ id, sealed }) => [id, sealed]));
}

/** Keeps a sealed secret; null removes it. Call holdSecretKey before. */
export async function saveSettingSecret(tx: Queryable, id: string, sealed: string | null): Promise<void> {
  if (sealed === null) await tx.query('delete from setting_secrets where id = $1', [id]);
  else
    await tx.query(
      'insert into setting_secrets (id, sealed) values ($1, $2) on conflict (id) do update set sealed = $2',
      [id, sealed],
    );
}
