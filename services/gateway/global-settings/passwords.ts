/** The passwords of the global settings' credentials: they go in sealed, and never come out. */
import { type DeploySettings, type Queryable, saveSettingSecret } from '@osimage/database';
import { type KeyRing, seal } from '@osimage/secrets';

/** A credential of a request, its type in the contract's spelling. */
export interface GivenCredential {
  readonly type: string;
  readonly name?: string | null;
  readonly password?: string | null;
  readonly passwordChanged?: boolean | null;
}

/**
 * Keeps the passwords of what is given. `passwordChanged: false` says that the password beside it means nothing, as
 * clients send back what they got. Under another name a former password would be somebody else's, so it goes.
 */
export async function keepPasswords(
  tx: Queryable,
  secrets: KeyRing,
  before: DeploySettings['credentials'],
  given: readonly GivenCredential[],
): Promise<void> {
  for (const { type, name, password, passwordChanged } of given) {
    const id = `credential/${type}`;
    const former = before.find((one) => one.type === type)?.name;
    const counts = passwordChanged === true || (passwordChanged !== false && password != null);
    if (counts) {
      await saveSettingSecret(tx, id, password ? seal(secrets, password, `settings/${id}`) : null);
    } else if (name != null && name !== former) {
      await saveSettingSecret(tx, id, null);
    }
  }
}
