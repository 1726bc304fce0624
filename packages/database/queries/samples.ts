/** What putting the samples in needs: one at a time, and finding what an earlier try had put in already. */
import type { FileKind } from '@osimage/os-media';
import type { Queryable } from '../pool.ts';

/** Waits until nobody else puts samples in; holds until the transaction ends. */
export async function lockSamples(tx: Queryable): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('osimage samples'))`);
}

/** Gives the id of an imported file of this kind, name and content (SHA-256, hexadecimal), or undefined. */
export async function findFileByContent(
  db: Queryable,
  kind: FileKind,
  name: string,
  sha256: string,
): Promise<string | undefined> {
  const { rows } = await db.query<{ id: string }>(
    `select id from files where sha256 = decode($1, 'hex') and kind = $2 and name = $3 order by id limit 1`,
    [sha256, kind, name],
  );
  return rows[0]?.id;
}
