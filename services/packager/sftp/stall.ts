/** Notices that a server went silent: TCP alone would wait for a quarter of an hour. */
import type { Socket } from 'node:net';
import type { SftpChannel } from './channel.ts';
import type { SftpLimits } from './limits.ts';

/**
 * Calls `onStall` with the seconds waited, once, when no byte came for `silenceMs`, or no answer to any open
 * request of a channel for `answerMs`. Gives the function that ends the watching.
 */
export function watchForStall(
  socket: Socket,
  channels: Iterable<SftpChannel>,
  limits: SftpLimits,
  onStall: (seconds: number) => void,
): () => void {
  let bytes = socket.bytesRead;
  let lastByte = performance.now();
  const last = new WeakMap<SftpChannel, { readonly answers: number; readonly at: number }>();
  const isStuck = (channel: SftpChannel, now: number) => {
    const seen = last.get(channel);
    const { answers, busy } = channel;
    if (seen === undefined || !busy || answers !== seen.answers) last.set(channel, { answers, at: now });
    else return now - seen.at >= limits.answerMs;
    return false;
  };
  const exceeded = (now: number) => {
    if (socket.bytesRead !== bytes) {
      bytes = socket.bytesRead;
      lastByte = now;
    }
    // Each of them is looked at.
    const stuck = [...channels].filter((channel) => isStuck(channel, now));
    if (now - lastByte >= limits.silenceMs) return limits.silenceMs;
    return stuck.length > 0 ? limits.answerMs : undefined;
  };
  const check = () => {
    const waited = exceeded(performance.now());
    if (waited === undefined) return;
    clearInterval(timer);
    onStall(Math.round(waited / 1000));
  };
  const timer = setInterval(check, Math.min(1000, limits.silenceMs / 4, limits.answerMs / 4));
  return () => clearInterval(timer);
}
