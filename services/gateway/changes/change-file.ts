/**
 * A change of a custom file (contract, section 6.2). New content becomes a blob here, in the transaction of the
 * file's row: it came in a JSON body, so it is small, and a job for it would be one more thing to wait for.
 */
import { addContent, openStore, storeLimits } from '@osimage/blob-store';
import {
  type FileChange,
  type FileRow,
  findFiles,
  lockFile,
  type Queryable,
  updateFile,
} from '@osimage/database';
import { notFound, Problem } from '@osimage/errors';
import { checkContent, type FileKind, familyOf } from '@osimage/os-media';
import type { FastifyRequest } from 'fastify';
import { requireObjectId } from '../object-id.ts';
import type { ChangeBody } from '../schemas/changes.ts';
import type { GatewayServices } from '../services.ts';
import { changeTag, requireMatch } from './preconditions.ts';

/** Which kind of file an imageType means, and which attribute of the body describes its change. */
const changeable = {
  CONFIG: { kind: 'config', attribute: 'customConfigFile' },
  // pylxca's word for CONFIG (contract, C-14).
  CUSTOM_CONFIG: { kind: 'config', attribute: 'customConfigFile' },
  SCRIPT: { kind: 'script', attribute: 'installScript' },
  SOFTWARE: { kind: 'software', attribute: 'customSoftware' },
  UNATTEND: { kind: 'unattend', attribute: 'unattendFile' },
} as const satisfies Record<string, { kind: FileKind; attribute: keyof ChangeBody }>;

interface Order {
  id: string;
  kind: FileKind;
  description?: string;
  version?: string;
  content?: Buffer;
  associatedId?: string | null;
}

/**
 * Changes a file, for every profile that carries it, and gives it as it is then. Throws Problem invalid_request,
 * not_found, wrong_content, no_space, quota_exceeded, store_unwritable or precondition_failed.
 */
export async function changeFile(
  { db, storeRoot, settings }: GatewayServices,
  id: string,
  imageType: string,
  body: ChangeBody,
  request: FastifyRequest,
): Promise<FileRow> {
  const order = readOrder(requireObjectId(id, 'file'), imageType, body);
  const { description, version, content, associatedId } = order;
  const change: FileChange = {
    ...(description !== undefined && { description }),
    ...(version !== undefined && { version }),
    ...(associatedId !== undefined && { associatedId }),
    user: request.user.name,
  };
  const write = async (tx: Queryable, more: Pick<FileChange, 'content'> = {}) => {
    const file = requireKind(await lockFile(tx, id, associatedId), order);
    requireMatch(request, 'file', id, changeTag(file));
    if (associatedId) await refuseUnfitUnattend(tx, file, associatedId);
    return await updateFile(tx, id, { ...change, ...more });
  };
  if (content === undefined) return await db.transaction((tx) => write(tx));
  const [found] = await findFiles(db, [id]);
  const { name, type, os } = requireKind(found, order);
  await checkContent(type, name, content, undefined, os);
  return await addContent(await openStore(storeRoot, storeLimits(settings)), db, content, (tx, blob) =>
    write(tx, { content: { size: blob.rawSize, sha256: blob.sha256 } }),
  );
}

function readOrder(id: string, imageType: string, body: ChangeBody): Order {
  if (!Object.hasOwn(changeable, imageType)) {
    throw new Problem('invalid_request', {
      detail: 'The imageType of a change must be CONFIG, SCRIPT, SOFTWARE or UNATTEND; none means a profile.',
    });
  }
  const { kind, attribute } = changeable[imageType as keyof typeof changeable];
  const { associatedFileId, ...rest } = body;
  const given: { description?: string; version?: string; content?: string } | undefined = body[attribute];
  const tied = kind === 'config' && associatedFileId !== undefined;
  if (!(given || tied) || Object.keys(rest).some((name) => name !== attribute)) {
    throw new Problem('invalid_request', {
      detail: `With the imageType ${imageType} the body must have ${attribute}${kind === 'config' ? ', associatedFileId or both,' : ''} and nothing else.`,
    });
  }
  if (associatedFileId !== undefined && !tied) {
    throw new Problem('invalid_request', { detail: 'Only a configuration file has an associatedFileId.' });
  }
  const { content, ...texts } = given ?? {};
  if (content?.isWellFormed() === false) {
    throw new Problem('invalid_request', {
      detail: 'The content is not text: it has half a character in it.',
    });
  }
  return {
    id,
    kind,
    ...texts,
    ...(content !== undefined && { content: Buffer.from(content) }),
    ...(tied && { associatedId: associatedFileId ? requireObjectId(associatedFileId, 'file') : null }),
  };
}

function requireKind(file: FileRow | undefined, { id, kind }: Order): FileRow {
  if (!file) throw notFound(`${kind} file`, id);
  if (file.kind === kind) return file;
  throw new Problem('invalid_request', {
    detail: `The file ${id} is of the kind ${file.kind}, not ${kind}.`,
  });
}

async function refuseUnfitUnattend(tx: Queryable, config: FileRow, id: string): Promise<void> {
  const [file] = await findFiles(tx, [id]);
  if (!file) throw notFound('unattend file', id);
  if (file.kind !== 'unattend') {
    throw new Problem('invalid_request', {
      detail: `${id} is a ${file.kind} file; a configuration file goes with an unattend file.`,
    });
  }
  // A file imported without an operating system fits all of them.
  if (config.os !== '' && file.os !== '' && familyOf(config.os) !== familyOf(file.os)) {
    throw new Problem('invalid_request', { detail: `${id} is for ${file.os}, not for ${config.os}.` });
  }
}
