/** What the two calls of an import take (contract, sections 5.1 and 5.2). */
import { Type } from 'typebox';
import { Strict } from './strict.ts';
import { Line, Lines } from './text.ts';

export const CreateImportQuery = Strict({
  imageType: Type.Optional(Type.String()),
  importByContent: Type.Optional(Type.Boolean()),
});

/** `fileSize` is text in the reference, and whatever type a script has in pylxca. */
export const CreateImportBody = Strict({
  Action: Type.String(),
  fileSize: Type.Optional(
    Type.Union(
      [
        Type.Integer({ minimum: 0, maximum: 999_999_999_999_999 }),
        Type.String({ pattern: '^\\d{0,15}$' }),
        Type.Null(),
      ],
      {
        expected: 'a number of bytes',
      },
    ),
  ),
});

export const UploadQuery = Strict({
  jobId: Type.String(),
  imageType: Type.Optional(Type.String()),
  imageName: Type.Optional(Type.String({ maxLength: 1024 })),
  os: Type.Optional(Line(100)),
  osrelease: Type.Optional(Line(100)),
  description: Type.Optional(Lines(2000)),
  // Additions, for OSPROFILE only.
  onConflict: Type.Optional(
    Type.Union([Type.Literal('fail'), Type.Literal('replace'), Type.Literal('rename')], {
      expected: 'fail, replace or rename',
    }),
  ),
  check: Type.Optional(Type.Boolean()),
});

/** The JSON body of an upload: where its file lies, or the text itself. */
export const RemoteFile = Strict({
  serverId: Type.Optional(Type.String()),
  path: Type.Optional(Line(4_096)),
  content: Type.Optional(Type.String()),
});
