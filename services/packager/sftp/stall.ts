/** Notices that a server went silent: TCP alone would wait for a quarter of an hour. */
import type { Socket } from 'node:net';
import type { SftpChannel } from './channel.ts';
import type { SftpLimits } from './limits.ts';

/**
 * Calls `onStall` with the seconds waited, once, when no byte came for `silenceMs`, or no answer to an open
 * request for `answerMs`. Gives the function that ends the watching.
 */
export function watchForStall(
  socket: Socket,
  channel: () => SftpChannel | undefined,
  limits: SftpLimits,
  onStall: (seconds: number) => void,
): () => void {
  let bytes = socket.bytesRead;
  let lastByte = performance.now();
  let answers = 0;
  let lastAnswer = lastByte;
  const check = () => {
    const now = performance.now();
    const sftp = channel();
    if (socket.bytesRead !== bytes) {
      bytes = socket.bytesRead;
      lastByte = now;
    }
    if (sftp === undefined || !sftp.busy || sftp.answers !== answers) {
      answers = sftp?.answers ?? 0;
      lastAnswer = now;
    }
    const exceeded =
      now - lastByte >= limits.silenceMs
        ? limits.silenceMs
        : now - lastAnswer >= limits.answerMs
          ? limits.answerMs
          : undefined;
    if (exceeded === undefined) return;
    clearInterval(timer);
    onStall(Math.round(exceeded / 1000));
  };
  const timer = setInterval(check, Math.min(1000, limits.silenceMs / 4, limits.answerMs / 4));
  return () => clearInterval(timer);
}
