/** Bytes that came in by uploads and went out by downloads, while they move. */
import { Counter, type Registry } from '@osimage/telemetry';

export interface Traffic {
  received(bytes: number): void;
  sent(bytes: number): void;
}

export function countTraffic(registry: Registry): Traffic {
  const registers = [registry];
  const uploads = new Counter({
    name: 'osimage_upload_bytes_total',
    help: 'Bytes of files that were uploaded.',
    registers,
  });
  const downloads = new Counter({
    name: 'osimage_download_bytes_total',
    help: 'Bytes of archives that were sent.',
    registers,
  });
  return { received: (bytes) => uploads.inc(bytes), sent: (bytes) => downloads.inc(bytes) };
}
