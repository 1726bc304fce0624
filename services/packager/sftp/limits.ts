/** How long a delivery over SFTP waits for what. Each limit has a failure of its own. */
export interface SftpLimits {
  /** TCP connection; then host_unreachable. */
  readonly connectMs: number;
  /** From the TCP connection to a usable SFTP channel; then host_unreachable. */
  readonly handshakeMs: number;
  /** Not one byte from the server, although it is asked for a sign of life three times as often; then connection_stalled. */
  readonly silenceMs: number;
  /**
   * The server's SSH lives but a request stays without answer; then connection_stalled. Long, because a slow
   * disk may need minutes to bring a large file to rest (fsync).
   */
  readonly answerMs: number;
  /** Removing partial files after a failure or a cancel, whatever the server does. Cancel must end in 2 s. */
  readonly cleanUpMs: number;
  /** Between two checkpoints of a transfer, at the least; so much has to be read back after a break. */
  readonly checkpointMs: number;
}

export const defaultLimits: SftpLimits = {
  connectMs: 15_000,
  handshakeMs: 20_000,
  silenceMs: 30_000,
  answerMs: 300_000,
  cleanUpMs: 1_600,
  checkpointMs: 5_000,
};
