/** Makes the TypeScript types of the gRPC service from its proto file. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..');
const options = [
  '--longs=Number',
  '--enums=String',
  '--defaults',
  '--arrays',
  '--grpcLib=@grpc/grpc-js',
  '--importFileExtension=.ts',
];

/** Writes the types into the folder `out`. */
export async function generateTypes(out: string): Promise<void> {
  const generator = join(root, 'node_modules/.bin/proto-loader-gen-types');
  const args = [
    ...options,
    // Relative, because it becomes part of the first line of each file.
    '--includeDirs=../../proto',
    `--outDir=${out}`,
    'osimage/packaging/v1/packaging.proto',
  ];
  await promisify(execFile)(process.execPath, [generator, ...args], {
    cwd: join(root, 'packages/packaging-api'),
  });
}
