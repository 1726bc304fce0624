/** Delivering over FTP and FTPS. An upload that broke starts over: a length proves nothing about the content. */
import { connectFtp } from '../ftp/connect.ts';
import { FtpFiles } from '../ftp/files.ts';
import { type TransferLimits, transferLimits } from '../transfer-limits.ts';
import type { Deliver } from './destination.ts';
import { oneStreamDestination } from './one-stream/deliver.ts';

/** A destination with these limits; the packager uses the usual ones. */
export function ftpDestination(limits: TransferLimits = transferLimits): Deliver {
  return oneStreamDestination(
    async (delivery) => new FtpFiles(await connectFtp(delivery, limits), delivery, limits),
    limits,
  );
}
