/** What a caller says about a file it hands over, and what of that can be told before its body is read. */
import { lockImport } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { checkFileName, familyOf } from '@osimage/os-media';
import { ImageType, OnConflict } from '@osimage/packaging-api';
import { imageTypeName } from '../image-types.ts';
import type { GatewayServices } from '../services.ts';

export interface UploadOrder {
  jobId: string;
  imageType: ImageType;
  /** Empty: the name the file's part gives. */
  imageName: string;
  os: string;
  osrelease: string;
  description: string;
  /** Of an archive: what to do when an id or a name of it is taken by other content. */
  onConflict: 'fail' | 'replace' | 'rename';
  /** Of an archive: verify everything and keep nothing. */
  check: boolean;
}

/** In the words of the packager's interface. */
export const onConflicts = {
  fail: OnConflict.ON_CONFLICT_FAIL,
  replace: OnConflict.ON_CONFLICT_REPLACE,
  rename: OnConflict.ON_CONFLICT_RENAME,
} as const;

/**
 * Checks an order against its job. Gives the announced number of bytes, 0 when there is none. Throws Problem not_found,
 * not_owner, job_not_waiting, invalid_request, option_not_supported, bad_name or wrong_extension.
 */
export async function checkOrder(
  { db }: GatewayServices,
  order: UploadOrder,
  user: string,
  content: string | undefined,
): Promise<number> {
  const { jobId, os, imageName } = order;
  const type = imageTypeName(order.imageType);
  const job = await lockImport(db, jobId);
  if (job.created_by !== user) throw new Problem('not_owner', { id: jobId });
  if (!job.waiting) throw new Problem('job_not_waiting', { id: jobId, state: job.state });
  if (job.import.imageType !== type) {
    const detail = `Import job ${jobId} was created for the type ${job.import.imageType}, not for ${type}.`;
    throw new Problem('invalid_request', { detail });
  }
  if (content !== undefined) checkText(content, imageName, job.import.byContent ?? false);
  if (order.imageType !== ImageType.IMAGE_TYPE_OSPROFILE && (order.check || order.onConflict !== 'fail')) {
    const detail = 'onConflict and check are for files of the type OSPROFILE only.';
    throw new Problem('invalid_request', { detail });
  }
  if (os !== '' && familyOf(os) === undefined) {
    throw new Problem('option_not_supported', { detail: `The operating system ${os} is not supported.` });
  }
  if (imageName !== '') checkFileName(type, imageName, os);
  return job.import.fileSize;
}

/** A text needs a name of its own, and a job that was told one would come (contract, C-17). */
function checkText(content: string, imageName: string, byContent: boolean): void {
  const detail = !byContent
    ? 'This import was created for a file; create one with importByContent=true to send its content in JSON.'
    : imageName === ''
      ? 'The imageName must be given where the content comes in JSON.'
      : content.isWellFormed()
        ? undefined
        : 'The content is not valid Unicode.';
  if (detail) throw new Problem('invalid_request', { detail });
}
