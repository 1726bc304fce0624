/** The gRPC service as loaded from its .proto, the one source of it. */
import { join } from 'node:path';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { ProtoGrpcType } from './generated/packaging.ts';

/** For servers: the whole definition, as reflection wants it. */
export const packageDefinition = loadSync('osimage/packaging/v1/packaging.proto', {
  includeDirs: [join(import.meta.dirname, '../../proto')],
  // The same options as `npm run generate`, or the generated types would lie.
  longs: Number,
  enums: String,
  defaults: true,
  arrays: true,
});

export const api = (loadPackageDefinition(packageDefinition) as unknown as ProtoGrpcType).osimage.packaging
  .v1;
