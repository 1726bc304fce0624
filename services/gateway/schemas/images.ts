/** What listing, making and deleting images and profiles take (contract, sections 4, 6.1 and 6.3). */
import { fileOptions, locationOption } from '@osimage/os-media';
import { type Static, type TSchema, Type } from 'typebox';
import { Strict } from './strict.ts';
import { Line, Lines } from './text.ts';

export const ListQuery = Strict({
  imageType: Type.Optional(Type.String()),
  id: Type.Optional(Type.String()),
  name: Type.Optional(Lines(200)),
  usesFile: Type.Optional(Type.String()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  after: Type.Optional(Type.String({ maxLength: 250 })),
});

export const ImageParams = Type.Object({ id: Type.String() });

const mostFiles = 10_000;
const FileIds = Type.Array(
  // customConfigFileIds is printed as an array of objects in the reference, and described as ids.
  Type.Union([Type.String({ maxLength: 200 }), Strict({ id: Type.String({ maxLength: 200 }) })]),
  { maxItems: mostFiles },
);

/** An empty string is what answers show for an option the operating system does not support. */
const optional = <Schema extends TSchema>(schema: Schema) =>
  Type.Optional(Type.Union([schema, Type.Literal(''), Type.Null()]));

export const Options = Strict({
  ...(Object.fromEntries(
    fileOptions.map(({ option, ids }) => [
      option,
      optional(Strict({ [ids]: Type.Optional(Type.Union([FileIds, Type.Null()])) })),
    ]),
  ) as unknown as Record<(typeof fileOptions)[number]['option'], TSchema>),
  [locationOption]: Type.Optional(Line(1024)),
});

export const profileName = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
  expected: 'text of 1 to 200 characters without control characters',
});

export const NewProfileBody = Strict({
  profile: Strict({
    name: profileName,
    description: Type.Optional(Lines(2000)),
    customizationOptions: Type.Union([Options, Type.Null()]),
  }),
});

export type GivenFileIds = Static<typeof FileIds>;
