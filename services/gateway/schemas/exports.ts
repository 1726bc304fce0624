/** What `GET /osImages/{x}` takes: an export is started, or a file is downloaded, by name. */
import { Type } from 'typebox';
import { Strict } from './strict.ts';
import { Flag } from './text.ts';

export const ObjectParams = Type.Object({ id: Type.String() });

/** All optional; `path` means nothing without `serverId`. */
export const ExportQuery = Strict({
  serverId: Type.Optional(Type.String()),
  path: Type.Optional(Type.String({ maxLength: 4096 })),
  /** An addition: `true` with the name of an archive answers its metadata. */
  contents: Type.Optional(Flag),
});
