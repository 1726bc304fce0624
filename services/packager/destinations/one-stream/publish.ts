/** The moment in which files become visible. */
import type { TransferLimits } from '../../transfer-limits.ts';
import type { Delivery } from '../destination.ts';
import type { RemoteStore } from './store.ts';

/**
 * Runs `rename`, unless the job was lost or cancelled. From then on a cancel comes too late to be honoured, as it could
 * only leave an archive without its checksum; it does limit the time.
 */
export async function publish(
  store: RemoteStore,
  { checkLease, signal }: Delivery,
  limits: TransferLimits,
  rename: () => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  await checkLease();
  signal.throwIfAborted();
  store.release();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => store.close(), limits.cleanUpMs / 2);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await rename();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
