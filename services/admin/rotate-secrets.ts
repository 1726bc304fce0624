/**
 * `rotate-secrets`: a new key for everything stored sealed, while services run. What was interrupted is finished
 * by calling it again; an old key goes only when nothing is sealed with it any more (docs/accounts.md).
 */
import { type Database, listSealed, lockSecretKey, type Queryable, replaceSealed } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { addKey, dropKeys, keyIdOf, loadSecretKey, open, seal } from '@osimage/secrets';
import type { Settings } from '@osimage/settings';
import { audited } from './audited.ts';
import type { Command, Outcome } from './command.ts';

export const rotateSecrets: Command = {
  words: 'rotate-secrets',
  takes: [],
  options: [],
  summary: 'replace the key that encrypts stored passwords and private keys',
  prepare: async () => (db, settings) =>
    settings.SECRET_KEY === undefined ? withFile(db, settings) : withSettings(db, settings),
};

async function withFile(db: Database, settings: Settings): Promise<Outcome> {
  const { made, current, resealed } = await audited(db, 'secrets.rotate', [], async (tx) => {
    await lockSecretKey(tx);
    const added = await addKey(settings.DATA_DIR);
    return { ...added, resealed: await sealAll(tx, settings) };
  });
  // Only what is committed counts: a key is dropped when no row needs it, not when none would.
  const dropped = await db.transaction(async (tx) => {
    await lockSecretKey(tx);
    const needed = (await listSealed(tx)).map(({ sealed }) => keyIdOf(sealed) ?? '');
    return await dropKeys(settings.DATA_DIR, new Set(needed));
  });
  const what = made ? `The key is ${current} now` : `An earlier rotation is finished; the key is ${current}`;
  return {
    json: { key: current, made, resealed, dropped },
    text: `${what}: ${resealed} secrets were encrypted again, ${dropped.length} old keys removed.`,
  };
}

/** The operator has put the new key into SECRET_KEY and the old one into SECRET_KEY_OLD. */
async function withSettings(db: Database, settings: Settings): Promise<Outcome> {
  const { current } = await loadSecretKey(settings);
  const resealed = await audited(db, 'secrets.rotate', [], async (tx) => {
    await lockSecretKey(tx);
    const count = await sealAll(tx, settings);
    if (count === 0 && settings.SECRET_KEY_OLD === undefined) throw new Problem('secret_key_given');
    return count;
  });
  return {
    json: { key: current, made: false, resealed, dropped: [] },
    text: `${resealed} secrets were encrypted again with SECRET_KEY (${current}). SECRET_KEY_OLD is not needed any more.`,
  };
}

/** Encrypts what is not sealed with the current key; gives how many. Throws Problem secret_unreadable. */
async function sealAll(tx: Queryable, settings: Settings): Promise<number> {
  const ring = await loadSecretKey(settings);
  const stale = (await listSealed(tx)).filter(({ sealed }) => keyIdOf(sealed) !== ring.current);
  for (const secret of stale) {
    const plaintext = open(ring, secret.sealed, secret.place);
    await replaceSealed(tx, secret, seal(ring, plaintext, secret.place));
  }
  return stale.length;
}
