/** What this installation is called. */
import type { Queryable } from '../pool.ts';

export async function findInstallation(db: Queryable): Promise<{ uuid: string; created_at: Date }> {
  const { rows } = await db.query<{ uuid: string; created_at: Date }>(
    'select uuid, created_at from installation',
  );
  return rows[0]!;
}
