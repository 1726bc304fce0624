/** What every source must do, against a real server: the happy path and all the unhappy ones. */
import { chmod, mkdir, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Problem } from '@osimage/errors';
import type { Test } from 'tap';
import type { FetchRequest, RemoteFile, Source } from '../../services/packager/sources/source.ts';
import { onlyHere, reachedFromOutside } from './addresses.ts';
import { problemOf, someBytes } from './delivery.ts';
import type { FileServer } from './file-server.ts';
import { until } from './until.ts';

/** Larger than all buffers between a server and us. */
const LARGE_BYTES = 96 * 1024 * 1024;

export function fetchRequest(
  { profile, root }: FileServer,
  name: string,
  changes: Partial<FetchRequest> = {},
): FetchRequest {
  return {
    server: profile,
    path: `${root}${name}`,
    authorities: [],
    signal: new AbortController().signal,
    addresses: onlyHere,
    pinHostKey: async (key) => [key],
    ...changes,
  };
}

/** The whole content, and the size the server told. */
export async function fetched(source: Source, request: FetchRequest) {
  const file = await source(request);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of file.content()) chunks.push(chunk);
    return { size: file.size, content: Buffer.concat(chunks) };
  } finally {
    await file.close();
  }
}

/** What fetching fails with, a Problem. */
export function failure(source: Source, request: FetchRequest): Promise<Problem> {
  return problemOf(fetched(source, request));
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

export interface SuiteOptions {
  /** Limits of a second or less. */
  readonly impatient: Source;
  readonly source: Source;
  /** A new server; undefined when it cannot be had. */
  readonly start: (t: Test) => Promise<FileServer | undefined>;
  readonly request?: Partial<FetchRequest>;
}

export async function sourceSuite(
  t: Test,
  { impatient, request, source, start }: SuiteOptions,
): Promise<void> {
  const server = await start(t);
  if (server === undefined) return;
  const { folder, profile } = server;
  const asked = (name: string, changes: Partial<FetchRequest> = {}) =>
    fetchRequest(server, name, { ...request, ...changes });
  const before = openSockets();

  await t.test('files of every size and name come whole', async (t) => {
    await mkdir(join(folder, 'sub folder'));
    const names = ['plain.iso', 'sub folder/ü & 100% #1?.sh', "it's;[x].bin"];
    for (const [at, size] of [0, 1, 32_768, 261_120, 261_121, 5_000_003].entries()) {
      const name = `${at}${names[at % names.length]?.replace('sub folder/', '')}`;
      const content = someBytes(size);
      await writeFile(join(folder, 'sub folder', name), content);
      const found = await fetched(source, asked(`sub folder/${name}`));
      t.equal(found.size, size, `${name}: the size is known`);
      t.ok(found.content.equals(content), `${name}: ${size} bytes`);
    }
  });

  await t.test('what is not there, or no file, or not for us', async (t) => {
    await mkdir(join(folder, 'folder'));
    await writeFile(join(folder, 'closed.iso'), 'closed');
    await chmod(join(folder, 'closed.iso'), 0o000);
    const expected = {
      'nothing.iso': 'remote_file_missing',
      'no/such/folder/nothing.iso': 'remote_file_missing',
      folder: 'remote_is_folder',
      'closed.iso': 'remote_unreadable',
    };
    for (const [name, code] of Object.entries(expected)) {
      if (code === 'remote_unreadable' && process.getuid?.() !== 0) continue;
      const problem = await failure(source, asked(name));
      t.equal(problem.code, code, name);
      t.notOk(problem.transient, `${name} is not tried again`);
      t.match(problem.message, name);
    }
  });

  await t.test('a wrong password or user is told at once', async (t) => {
    await writeFile(join(folder, 'a.iso'), 'content');
    for (const wrong of [{ password: 'wrong-one' }, { username: 'nobody-here' }]) {
      const problem = await failure(source, asked('a.iso', { server: { ...profile, ...wrong } }));
      t.equal(problem.code, 'login_refused');
      t.notOk(problem.transient);
      t.notMatch(`${problem.message} ${problem.recovery}`, /wrong-one|S3cret/);
    }
  });

  await t.test('a server that cannot be reached, or may not be', async (t) => {
    const closed = createServer().listen(0, '127.0.0.1');
    await until(() => closed.listening);
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const at = (changes: Partial<FetchRequest['server']>, rest: Partial<FetchRequest> = {}) =>
      failure(source, asked('a.iso', { server: { ...profile, ...changes }, ...rest }));
    t.match(await at({ port }), { code: 'host_unreachable', transient: true });
    t.match(await at({ address: 'no-such-host.invalid' }), { code: 'name_not_resolved' });
    const addresses = reachedFromOutside();
    for (const address of ['localhost', '127.0.0.1', '2130706433', '::ffff:127.0.0.1', '[::1]'])
      t.match(
        await at({ address }, { addresses }),
        { code: 'address_not_allowed', transient: false },
        address,
      );
  });

  await t.test('an abort closes the connection, wherever it is', async (t) => {
    await writeFile(join(folder, 'large.iso'), '');
    await truncate(join(folder, 'large.iso'), LARGE_BYTES);
    const reason = new Error('no longer wanted');
    await t.rejects(source(asked('large.iso', { signal: AbortSignal.abort(reason) })), reason);
    const connecting = new AbortController();
    const opened = source(asked('large.iso', { signal: connecting.signal }));
    connecting.abort(reason);
    await t.rejects(opened, reason);
    const reading = new AbortController();
    const file = await source(asked('large.iso', { signal: reading.signal }));
    await t.rejects(readOn(file, () => reading.abort(reason)));
    await file.close();
    await until(() => openSockets() <= before);
  });

  await t.test('a caller that wants no more', async () => {
    const file = await source(asked('large.iso'));
    for await (const _ of file.content()) break;
    await file.close();
    await until(() => openSockets() <= before);
  });

  await t.test('silence in the middle', async (t) => {
    const silent = await start(t);
    if (silent === undefined) return;
    await writeFile(join(silent.folder, 'large.iso'), '');
    await truncate(join(silent.folder, 'large.iso'), LARGE_BYTES);
    const file = await impatient(fetchRequest(silent, 'large.iso', request));
    const problem = await problemOf(readOn(file, () => silent.freeze()));
    t.match(problem, { code: 'connection_stalled', transient: true });
    await file.close();
  });

  await t.test('a connection that breaks in the middle', async (t) => {
    const broken = await start(t);
    if (broken === undefined) return;
    await writeFile(join(broken.folder, 'large.iso'), '');
    await truncate(join(broken.folder, 'large.iso'), LARGE_BYTES);
    const file = await source(fetchRequest(broken, 'large.iso', request));
    const problem = await problemOf(readOn(file, () => broken.drop()));
    t.match(problem, { code: 'connection_lost', transient: true });
    await file.close();
    await until(() => openSockets() <= before);
  });
}

/** Takes the first chunk, does `then` and reads on. */
async function readOn(file: RemoteFile, then: () => void): Promise<void> {
  let first = true;
  for await (const _ of file.content()) {
    if (first) then();
    first = false;
  }
  throw new Error('it came whole');
}
