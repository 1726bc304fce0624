/** Delivering over HTTP and HTTPS by PUT. An upload that broke starts over: HTTP cannot add to a file. */
import { posix } from 'node:path';
import { openHttpFiles } from '../http/files.ts';
import { type TransferLimits, transferLimits } from '../transfer-limits.ts';
import type { Deliver } from './destination.ts';
import { oneStreamDestination } from './one-stream/deliver.ts';

/** A destination with these limits; the packager uses the usual ones. */
export function httpDestination(limits: TransferLimits = transferLimits): Deliver {
  return oneStreamDestination(async (delivery) => {
    const { attempt, jobId } = delivery;
    return await openHttpFiles(delivery, limits, posix.join('/', `.osimage-${jobId}-${attempt}.probe`));
  }, limits);
}
