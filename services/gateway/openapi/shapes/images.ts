/** The answers of GET /osImages (contract, section 4). */
import { fileOptions, locationOption } from '@osimage/os-media';
import { Type } from 'typebox';
import { enveloped } from './envelope.ts';

const text = Type.String();
const Size = Type.Integer({ minimum: 0, description: 'Bytes' });

const changed = {
  modified: Type.String({ format: 'date-time' }),
  modifiedBy: text,
  etag: Type.String({ description: 'For the header `If-Match` of PUT and DELETE' }),
};

const CustomizationOptions = Type.Union(
  [
    Type.Object({
      ...Object.fromEntries(
        fileOptions.map(({ option, ids }) => [
          option,
          Type.Union([Type.Object({ [ids]: Type.Array(Type.String()) }), Type.Literal('')]),
        ]),
      ),
      [locationOption]: Type.String(),
    }),
    Type.Null(),
  ],
  { description: 'null: nothing can be customized. An empty text: not supported by the operating system' },
);

export const Profile = Type.Object(
  {
    id: Type.String({ description: '`<image>|<image>-<arch>-install-<kind>`' }),
    name: text,
    description: text,
    type: Type.Union([Type.Literal('predefined'), Type.Literal('custom')]),
    customizationOptions: CustomizationOptions,
    ...changed,
  },
  { description: 'A profile of a base image' },
);

export const Image = Type.Object(
  {
    id: text,
    name: text,
    description: text,
    type: text,
    os: text,
    osrelease: text,
    osBuildId: text,
    arch: text,
    size: Size,
    deployStatus: text,
    profiles: Type.Array(Profile),
  },
  { description: 'A base image' },
);

const core = {
  id: text,
  name: text,
  description: text,
  os: text,
  osrelease: text,
  type: text,
  size: Size,
  version: text,
  ...changed,
};

export const File = Type.Object(core, { description: 'An imported file' });

const BootFile = Type.Object({ ...core, bundleId: text });
const ConfigFile = Type.Object({ ...core, associatedFileId: text });

export const Archive = Type.Object(
  {
    id: text,
    name: text,
    size: Size,
    sha256: text,
    profileId: text,
    jobUID: text,
    created: Type.String({ format: 'date-time' }),
    protected: Type.Boolean({ description: 'No retention rule removes it' }),
  },
  { description: 'A finished archive that can be downloaded' },
);

export const ImageList = enveloped({
  items: Type.Array(Image),
  bootFiles: Type.Array(BootFile),
  driverFiles: Type.Array(File),
  installScriptFiles: Type.Array(File),
  softwareFiles: Type.Array(File),
  unattendFiles: Type.Array(File),
  configFiles: Type.Array(ConfigFile),
  bundleFiles: Type.Array(File),
  exportFiles: Type.Array(Archive),
  supportedImages: Type.Array(Type.Object({ id: text, name: text, displayName: text, type: text })),
  next: Type.Optional(
    Type.String({ description: 'With `limit`: what to give as `after`; empty on the last page' }),
  ),
});

export const ExportAccepted = Type.Object({
  filename: Type.String({ description: 'The name the archive will have' }),
  jobID: Type.String({ description: 'The job to watch with GET /tasks/{list}' }),
  jobId: text,
  result: Type.Literal('success'),
  messages: Type.Array(Type.String(), { description: 'Remarks' }),
});

export const Created = enveloped({ id: Type.String({ description: 'Of the new profile' }) });

export const Changed = enveloped({ id: Type.String({ description: 'Of what was changed' }) });

export const ImportAccepted = enveloped({ jobId: Type.String() });
