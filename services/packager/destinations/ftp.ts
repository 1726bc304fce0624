/** Delivering over FTP and FTPS. An upload that broke starts over: a length proves nothing about the content. */
import { connectFtp } from '../ftp/connect.ts';
import { FtpFiles } from '../ftp/files.ts';
import { type TransferLimits, transferLimits } from '../transfer-limits.ts';
import type { Deliver } from './destination.ts';
import type { Discard } from './left.ts';
import { oneStreamDestination } from './one-stream/deliver.ts';
import { oneStreamDiscard } from './one-stream/discard.ts';
import type { OpenStore } from './one-stream/store.ts';

/** A destination with these limits; the packager uses the usual ones. */
export function ftpDestination(limits: TransferLimits = transferLimits): Deliver {
  return oneStreamDestination(openWith(limits), limits);
}

export const discardFtp: Discard = oneStreamDiscard(openWith(transferLimits));

function openWith(limits: TransferLimits): OpenStore {
  return async (access) => new FtpFiles(await connectFtp(access, limits), access, limits);
}
