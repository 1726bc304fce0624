/**
 * One FTP transfer: a data connection, the command, and its answer. Done here and not by basic-ftp, because the memory of
 * what is sent is used again, and because a server that refuses in the middle may reset the data connection before its
 * answer arrives (ProFTPD does), which then counts.
 */
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { type Client, FTPError, type FTPResponse } from 'basic-ftp';
import { StreamBroken } from '../send.ts';
import type { TransferLimits } from '../transfer-limits.ts';

// How long after a broken data connection the reason may still come.
const ANSWER_MS = 1_000;

/**
 * Runs `work` on the data connection of `command`. Throws FTPError when the server says no, at whatever point, else
 * what the work or the client throws; then the client is closed, since nobody knows what it would answer next.
 */
export async function transfer(
  client: Client,
  command: string,
  limits: TransferLimits,
  work: (data: Socket) => Promise<void>,
): Promise<void> {
  const { ftp } = client;
  await client.prepareTransfer(ftp);
  const data = ftp.dataSocket;
  if (data === undefined) throw new StreamBroken('there is no data connection');
  // Its errors are ours to judge; basic-ftp would hang up without hearing why.
  for (const event of ['error', 'close', 'timeout']) data.removeAllListeners(event);
  const ready = secured(data);
  const begun = Promise.withResolvers<void>();
  const answered = ftp.handle(command, (answer: Error | FTPResponse, task) => {
    if (answer instanceof Error) task.reject(answer);
    else if (answer.code >= 300) task.reject(new FTPError(answer));
    else if (answer.code >= 200) task.resolve(answer);
    else begun.resolve();
  });
  const refused = answered.then(() => new Promise<never>(() => undefined));
  const working = begun.promise.then(async () => {
    // Nothing is said there meanwhile.
    ftp.socket.setTimeout(0);
    await ready;
    await work(data);
  });
  working.catch(() => undefined);
  try {
    await Promise.race([working, refused]);
    ftp.socket.setTimeout(limits.answerMs);
    await answered;
  } catch (error) {
    data.destroy();
    const broken = error instanceof StreamBroken;
    const said = broken ? await lastWord(answered) : undefined;
    if (!(error instanceof FTPError || said instanceof FTPError)) client.close();
    begun.reject(error);
    // It reads from the archive, which is to be closed afterwards.
    await Promise.allSettled([working]);
    throw said ?? (broken ? error.cause : error);
  } finally {
    ftp.dataSocket = undefined;
  }
}

async function lastWord(answered: Promise<unknown>): Promise<unknown> {
  const failure = answered.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return await Promise.race([failure, pause(ANSWER_MS)]);
}

/** Resolves when the data connection may be written to. Some servers start TLS only after the command. */
function secured(data: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => undefined);
  data.on('error', (error) => reject(new StreamBroken(error)));
  data.on('close', () => reject(new StreamBroken(new Error('the data connection was closed'))));
  if (!(data instanceof TLSSocket) || data.getCipher() !== undefined) resolve();
  else data.once('secureConnect', () => resolve());
  return promise;
}
