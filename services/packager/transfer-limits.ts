/** How long a transfer over FTP or HTTP waits for what (SFTP: sftp/limits.ts). Each limit has a failure of its own. */
export interface TransferLimits {
  /** TCP connection; then host_unreachable. */
  readonly connectMs: number;
  /** TLS handshake; then host_unreachable. */
  readonly handshakeMs: number;
  /** Not one byte moves although we wait for it; then connection_stalled. */
  readonly silenceMs: number;
  /** After the last byte of an upload: a server may need minutes to bring a large file to rest; then connection_stalled. */
  readonly answerMs: number;
  /** Removing partial files after a failure or a cancel, whatever the server does. Cancel must end in 2 s. */
  readonly cleanUpMs: number;
}

export const transferLimits: TransferLimits = {
  connectMs: 15_000,
  handshakeMs: 20_000,
  silenceMs: 30_000,
  answerMs: 300_000,
  cleanUpMs: 1_600,
};
