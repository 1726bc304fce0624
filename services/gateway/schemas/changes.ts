/** What `PUT /osImages/{id}` takes (contract, section 6.2). */
import { type Static, Type } from 'typebox';
import { Options, profileName } from './images.ts';
import { Strict } from './strict.ts';
import { Line, Lines } from './text.ts';

export const ChangeParams = Type.Object({ id: Type.String() });

/** The reference's examples carry the parameters of an export, even after a second question mark: ignored. */
export const ChangeQuery = Strict({
  imageType: Type.Optional(Type.String({ maxLength: 200 })),
  serverId: Type.Optional(Type.Unknown()),
  path: Type.Optional(Type.Unknown()),
});

const texts = { description: Type.Optional(Lines(2000)), version: Type.Optional(Line(100)) };
const WithContent = Strict({ ...texts, content: Type.Optional(Type.String()) });

/** One of these, the one that goes with imageType. */
export const ChangeBody = Strict({
  /** What is absent stays. */
  profile: Type.Optional(
    Strict({
      name: Type.Optional(profileName),
      description: Type.Optional(Lines(2000)),
      customizationOptions: Type.Optional(Type.Union([Options, Type.Null()])),
    }),
  ),
  customConfigFile: Type.Optional(WithContent),
  customSoftware: Type.Optional(Strict(texts)),
  installScript: Type.Optional(WithContent),
  unattendFile: Type.Optional(WithContent),
  /** With customConfigFile; empty or null: none any more. */
  associatedFileId: Type.Optional(Type.Union([Type.String({ maxLength: 200 }), Type.Null()])),
  /** An addition, of an archive: no retention rule removes it. */
  protected: Type.Optional(Type.Boolean()),
});
export type ChangeBody = Static<typeof ChangeBody>;
