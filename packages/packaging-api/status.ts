/** Problems as gRPC statuses, and back: the stable code travels in a trailer. */
import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { Problem } from '@osimage/errors';
import { api } from './definition.ts';
import type { ErrorDetail } from './generated/osimage/packaging/v1/ErrorDetail.ts';

/** Trailer with a serialized ErrorDetail. */
const errorTrailer = 'osimage-error-bin';

/** The detail of a problem as it travels. */
export function toErrorDetail(problem: {
  code: string;
  id: string;
  text: string;
  recovery: string;
}): ErrorDetail {
  return { code: problem.code, messageId: problem.id, text: problem.text, recovery: problem.recovery };
}

/** The status a service answers for a problem. */
export function toStatus(problem: Problem): Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  const metadata = new Metadata();
  metadata.set(errorTrailer, api.ErrorDetail.serialize(toErrorDetail(problem.toJSON())));
  return { code: status[problem.entry.grpc], details: problem.message, metadata };
}

/** The Problem behind a call that failed, not by our giving it up. A status that is not ours becomes the nearest of the catalogue. */
export function fromStatus(error: ServiceError): Problem {
  const trailer = error.metadata?.get(errorTrailer)[0];
  if (Buffer.isBuffer(trailer)) return Problem.fromReport(api.ErrorDetail.deserialize(trailer), error);
  const cause = { cause: error };
  switch (error.code) {
    // A packager that ends breaks off what it was asked: the caller did not cancel, or would not be told.
    case status.CANCELLED:
    case status.UNAVAILABLE:
      return new Problem('unavailable', { what: 'the packaging service' }, cause);
    case status.DEADLINE_EXCEEDED:
      return new Problem('deadline_exceeded', {}, cause);
    default:
      return new Problem('internal', { reference: '' }, cause);
  }
}
