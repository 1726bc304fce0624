/** Delivering over HTTP and HTTPS by PUT. An upload that broke starts over: HTTP cannot add to a file. */
import { posix } from 'node:path';
import { openHttpFiles } from '../http/files.ts';
import { type TransferLimits, transferLimits } from '../transfer-limits.ts';
import type { Deliver } from './destination.ts';
import type { Discard } from './left.ts';
import { oneStreamDestination } from './one-stream/deliver.ts';
import { oneStreamDiscard } from './one-stream/discard.ts';
import type { OpenStore } from './one-stream/store.ts';

/** A destination with these limits; the packager uses the usual ones. */
export function httpDestination(limits: TransferLimits = transferLimits): Deliver {
  return oneStreamDestination(openWith(limits), limits);
}

export const discardHttp: Discard = oneStreamDiscard(openWith(transferLimits));

function openWith(limits: TransferLimits): OpenStore {
  return (access) =>
    openHttpFiles(access, limits, posix.join('/', `.osimage-${access.jobId}-${access.attempt}.probe`));
}
