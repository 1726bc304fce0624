/** Keeps with the job where a file will be, and takes it away when the job has no worker that could. */
import type { Delivery } from '../destination.ts';
import {
  type Discard,
  type Discarded,
  earlierPath,
  type LeftDelivery,
  namesUpTo,
  serverOf,
} from '../left.ts';
import type { Found, OpenStore, RemoteStore } from './store.ts';

/** To be called before there is a file. `before`: what lies under the final name. Throws Problem attempt_lost. */
export async function keepPlace(
  { saveCheckpoint, server }: Delivery,
  { canRename }: RemoteStore,
  path: string,
  before: Found | undefined,
): Promise<void> {
  const direct = canRename ? {} : { direct: true, before: stateOf(before) };
  await saveCheckpoint({ server: serverOf(server), path, ...direct });
}

/** Removes the temporary files of all attempts over the stores that `open` gives. */
export function oneStreamDiscard(open: OpenStore): Discard {
  return async (left, access) => {
    const path = earlierPath({ ...left, server: access.server });
    if (path === undefined) return 'gone';
    const { attempt, jobId } = left;
    const store = await open({ ...access, attempt, jobId });
    try {
      return await discardIn(store, left, path);
    } finally {
      store.close();
    }
  };
}

async function discardIn(store: RemoteStore, left: LeftDelivery, path: string): Promise<Discarded> {
  const { attempt, checkpoint, jobId } = left;
  // Where there are no temporary names, others may have delivered to this one since.
  if (checkpoint?.direct === true)
    return stateOf(await store.look(path)) === checkpoint.before ? 'gone' : 'foreign';
  const gone = await removeTemporary(store, path, jobId, attempt);
  return gone ? 'gone' : 'kept';
}

/** Gives whether nothing is left under the temporary names of the attempts up to this one. */
export async function removeTemporary(
  store: RemoteStore,
  path: string,
  jobId: string,
  attempt: number,
): Promise<boolean> {
  let gone = true;
  for (const { archivePartial, checksumPartial } of namesUpTo(path, jobId, attempt))
    for (const name of [archivePartial, checksumPartial]) gone = (await store.remove(name)) && gone;
  return gone;
}

function stateOf(found: Found | undefined): string {
  return found === undefined ? '' : `${found.size} ${found.stamp ?? ''}`;
}
