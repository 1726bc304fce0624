/** How long fetching over FTP and HTTP waits for what (SFTP: ../sftp/limits.ts). Each limit has a failure of its own. */
export interface TransferLimits {
  /** TCP connection; then host_unreachable. */
  readonly connectMs: number;
  /** TLS handshake; then host_unreachable. */
  readonly handshakeMs: number;
  /** Not one byte although we wait for one; then connection_stalled. */
  readonly silenceMs: number;
}

export const transferLimits: TransferLimits = {
  connectMs: 15_000,
  handshakeMs: 20_000,
  silenceMs: 30_000,
};
