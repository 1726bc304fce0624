/** What the two calls of an import take (contract, sections 5.1 and 5.2). */
import { Type } from 'typebox';

const line = { maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]*$' };

export const CreateImportQuery = Type.Object({
  imageType: Type.Optional(Type.String()),
  importByContent: Type.Optional(Type.String()),
});

/** `fileSize` is text in the reference, and whatever type a script has in pylxca. */
export const CreateImportBody = Type.Object({
  Action: Type.String(),
  fileSize: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^\\d{0,15}$' }), Type.Null()]),
  ),
});

export const UploadQuery = Type.Object({
  jobId: Type.String(),
  imageType: Type.Optional(Type.String()),
  imageName: Type.Optional(Type.String({ maxLength: 1024 })),
  os: Type.Optional(Type.String(line)),
  osrelease: Type.Optional(Type.String(line)),
  description: Type.Optional(Type.String({ maxLength: 2000, pattern: '^[^\\u0000]*$' })),
});
