/** The control API as a caller in another language sees it, who has only the .proto. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { buildSamples } from '../../samples/build.ts';
import { startServices } from '../support/services.ts';
import { findTool } from '../support/tools.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** A Python that has gRPC: the first on PATH may be one that does not, where the system's own does. */
async function pythonWithGrpc(): Promise<string | undefined> {
  for (const python of [findTool('python3'), '/usr/bin/python3']) {
    if (python === undefined) continue;
    const works = await run(python, ['-c', 'import grpc, google.protobuf']).then(
      () => true,
      () => false,
    );
    if (works) return python;
  }
  return undefined;
}

t.test('Python drives the whole job from the .proto alone', async (t) => {
  const python = await pythonWithGrpc();
  if (python === undefined) {
    if (process.env.CI === 'true') t.fail('missing tool: python3-grpcio');
    else t.pass('missing tool: python3-grpcio', { skip: 'missing tool: python3-grpcio' });
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'osimage-grpc-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const services = await startServices(t);
  const descriptors = join(folder, 'packaging.binpb');
  await run(join(root, 'node_modules/.bin/buf'), ['build', root, '-o', descriptors]);
  const iso = (await buildSamples(join(folder, 'samples'))).find((file) => file.imageType === 'OS')!.path;
  const address = services.packagers[0]!.address;
  const { stdout } = await run(python, [
    join(import.meta.dirname, 'client.py'),
    address,
    descriptors,
    join(services.dataDir, 'store'),
    iso,
  ]);
  const seen = JSON.parse(stdout);
  t.match(seen, {
    renewed: true,
    imported: ['JOB_STATE_COMPLETE', 'python9', 'python'],
    exported: ['JOB_STATE_COMPLETE', /_python9-x86_64-install-Minimal\.tar\.gz$/, /^[0-9a-f]{64}$/],
    remarks: ['path was ignored, because there is no serverId.'],
    monotone: true,
    cancelFinished: 'JOB_STATE_COMPLETE',
    retryFinished: ['FAILED_PRECONDITION', 'job_not_retryable'],
    otherKeyed: ['FAILED_PRECONDITION', 'idempotency_key_reused'],
    unknownProfile: ['NOT_FOUND', 'not_found'],
    baseImage: ['INVALID_ARGUMENT', 'base_image_not_exportable'],
    unknownJob: ['NOT_FOUND', 'not_found'],
    badPage: ['INVALID_ARGUMENT', 'invalid_request'],
    fedTwice: ['FAILED_PRECONDITION', 'job_not_waiting'],
    deadline: ['DEADLINE_EXCEEDED'],
  });
  t.equal(seen.keyed[0], seen.keyed[1]);
  const [begun, old, resumed, state] = seen.retried;
  t.equal(old, begun);
  t.not(resumed, begun);
  t.equal(state, 'JOB_STATE_COMPLETE');
  t.equal(seen.filename, seen.exported[1]);
  t.strictSame(seen.pages, [seen.exportId, seen.importId, '']);
  t.strictSame(seen.imports, [seen.importId]);
  t.equal(seen.deleted[1], 'not_found');
});
