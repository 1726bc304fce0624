import { Type } from 'typebox';
import type { Operations } from '../operation.ts';
import { Done } from '../shapes/envelope.ts';
import { Changed, Created, ExportAccepted, ImageList, ImportAccepted } from '../shapes/images.ts';

const edit = 'lxc-osdeploy-create-import-export-edit-os-files';

/** The multipart form of an upload (contract, 5.2). */
const UploadForm = Type.Object({
  name: Type.Optional(Type.String({ description: 'Ignored; pylxca sends the name of the other part' })),
  uploadedfile: Type.String({ format: 'binary', description: 'The file' }),
});

export const imageOperations: Operations = {
  'GET /osImages': { answer: ImageList, example: { query: { imageType: 'OSPROFILE' } } },
  'POST /osImages': {
    privilege: edit,
    answer: ImportAccepted,
    refusals: [507],
    example: { query: { imageType: 'SCRIPT' }, body: { Action: 'Init', fileSize: '29' } },
  },
  'POST /files/osImages': {
    privilege: edit,
    answer: ImportAccepted,
    refusals: [404, 409, 507],
    bodies: {
      'multipart/form-data': { schema: UploadForm },
      'application/json': { example: { serverId: '1', path: '/isos/rhel9.iso' } },
    },
    example: { query: { jobId: '26', imageType: 'SCRIPT', imageName: 'hello.sh', os: 'rhels' } },
  },
  'GET /osImages/{id}': {
    privilege: edit,
    starts: true,
    stringMessages: true,
    answer: ExportAccepted,
    refusals: [409, 422, 507],
    example: { path: { id: 'sample|sample-x86_64-install-web' } },
  },
  'HEAD /osImages/{id}': {
    privilege: edit,
    stringMessages: true,
    answer: {
      media: ['application/gzip'],
      says: 'The headers of a download, or that there is such a profile',
    },
    example: { path: { id: 'sample|sample-x86_64-install-web' } },
  },
  'POST /osImages/{id}': {
    privilege: edit,
    answer: Created,
    refusals: [409],
    example: {
      path: { id: 'sample|sample-x86_64-install-Minimal' },
      body: { profile: { name: 'web-node', description: 'A web server', customizationOptions: null } },
    },
  },
  'PUT /osImages/{id}': {
    privilege: edit,
    answer: Changed,
    refusals: [409, 412, 507],
    example: {
      path: { id: 'sample|sample-x86_64-install-web-node' },
      body: { profile: { description: 'A web server with a site' } },
    },
  },
  'DELETE /osImages/{id}': {
    privilege: 'lxc-osdeploy-delete-os-files',
    answer: Done,
    refusals: [409, 412],
    example: { path: { id: 'sample|sample-x86_64-install-web-node' } },
  },
};
