/** What `GET /osImages/{x}` takes: an export is started, or a file is downloaded, by name. */
import { Type } from 'typebox';

export const ObjectParams = Type.Object({ id: Type.String() });

/** Both optional; `path` means nothing without `serverId`. */
export const ExportQuery = Type.Object({
  serverId: Type.Optional(Type.String()),
  path: Type.Optional(Type.String({ maxLength: 4096 })),
});
