/**
 * Imports, deletions, exports, cancellations, imports of archives, collections and scrubs at once, by chance: nothing that
 * somebody needs goes, nothing that nobody needs stays, and every profile gives the same bytes each time.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyArchive } from '@osimage/archive';
import { type BlobStore, cleanStore, collectGarbage } from '@osimage/blob-store';
import { type Database, listDamagedBlobs } from '@osimage/database';
import { Problem } from '@osimage/errors';
import t, { type Test } from 'tap';
import { buildSamples } from '../../samples/build.ts';
import { scrub } from '../../services/admin/scrub/pass.ts';
import { noise } from '../archive/profile.ts';
import type { RestClient, Task } from '../support/client.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const workers = 4;
const turns = Number(process.env.TURNS ?? 14);
const contents = 6;

/** Numbers below `below`, the same ones for the same seed and name. */
function dice(name: string): (below: number) => number {
  let drawn = 0;
  return (below) => createHash('sha256').update(`${seed} ${name} ${drawn++}`).digest().readUInt32LE() % below;
}

/** One installation and what is known of it. */
class World {
  readonly client: RestClient;
  readonly baseId: string;
  /** Paths of the contents, and their digests. */
  readonly scripts: { path: string; sha256: string }[];
  /** The digest of each file that was imported, also of deleted ones. */
  readonly digests = new Map<string, string>();
  readonly files = new Set<string>();
  readonly profiles = new Set<string>();
  /** Of each profile: the digest its archives have, and the last one. */
  readonly exported = new Map<string, { sha256: string; bytes: Buffer }>();
  readonly wrong: string[] = [];
  readonly done = new Map<string, number>();

  constructor(client: RestClient, baseId: string, scripts: { path: string; sha256: string }[]) {
    this.client = client;
    this.baseId = baseId;
    this.scripts = scripts;
  }

  /** Notes what must not have happened. */
  check(right: boolean, what: string): void {
    if (!right) this.wrong.push(what);
  }

  count(what: string): void {
    this.done.set(what, (this.done.get(what) ?? 0) + 1);
  }

  async importScript(random: (below: number) => number): Promise<void> {
    const { path, sha256 } = this.scripts[random(this.scripts.length)]!;
    const task = await this.client.import({ imageType: 'SCRIPT', path, name: 'same.sh', os: 'rhels' });
    this.check(task.status === 'Complete', `import: ${JSON.stringify(task.error)}`);
    const { objectId = '' } = task as Task & { objectId?: string };
    this.digests.set(objectId, sha256);
    this.files.add(objectId);
    this.count('import');
  }

  async makeProfile(random: (below: number) => number, name: string): Promise<void> {
    const files = pick([...this.files], 3, random);
    const customizationOptions = { installScriptOptions: { installScriptIds: files } };
    const answer = await this.client.fetch('POST', `/osImages/${encodeURIComponent(this.baseId)}`, {
      profile: { name, customizationOptions },
    });
    const body = (await answer.json()) as { id: string };
    // A file of it was deleted a moment ago.
    if (answer.status !== 200) return this.check(answer.status < 500, `profile: ${JSON.stringify(body)}`);
    this.profiles.add(body.id);
    this.count('profile');
  }

  async remove(id: string | undefined): Promise<void> {
    if (id === undefined) return;
    const answer = await this.client.fetch('DELETE', `/osImages/${encodeURIComponent(id)}`, {});
    // In use, or gone already.
    if (answer.status !== 200) return this.check(answer.status < 500, `delete: ${await answer.text()}`);
    this.files.delete(id);
    this.profiles.delete(id);
    this.count('delete');
  }

  /** Exports, fetches and checks; with `cancel` it may end otherwise, with `keep` the archive stays. */
  async export(id: string | undefined, cancel = false, keep = false): Promise<void> {
    if (id === undefined) return;
    const answer = await this.client.fetch('GET', `/osImages/${encodeURIComponent(id)}`);
    const { jobID, filename } = (await answer.json()) as { jobID: string; filename: string };
    if (answer.status !== 200) return this.check(answer.status === 404, `export: ${answer.status}`);
    if (cancel) await this.client.fetch('PUT', '/tasks', { action: 'cancel', list: [jobID] });
    const task = await this.client.ended(jobID);
    if (cancel && task.status === 'Cancelled') return this.count('cancel');
    this.check(task.status === 'Complete', `export of ${id}: ${JSON.stringify(task.error)}`);
    if (task.status !== 'Complete') return;
    const bytes = Buffer.from(await (await this.client.fetch('GET', `/osImages/${filename}`)).arrayBuffer());
    await this.#checkArchive(id, bytes);
    if (!keep) await this.client.ok('DELETE', `/osImages/${filename}`, {});
    this.count('export');
  }

  async #checkArchive(id: string, bytes: Buffer): Promise<void> {
    const { sha256, metadata } = await verifyArchive(asStream(bytes));
    const known = this.exported.get(id)?.sha256;
    this.check(known === undefined || known === sha256, `${id} gave other bytes than before`);
    this.exported.set(id, { sha256, bytes });
    for (const file of metadata.files)
      if (file.kind === 'script')
        this.check(this.digests.get(file.id) === file.sha256, `${id} has a wrong ${file.id}`);
  }

  /** Brings the archive of a profile back, which may have been deleted. */
  async importArchive(id: string | undefined, folder: string, name: string): Promise<void> {
    const archive = id === undefined ? undefined : this.exported.get(id);
    if (id === undefined || !archive) return;
    const path = join(folder, `${name}.tar.gz`);
    await writeFile(path, archive.bytes);
    const task = await this.client.import({ imageType: 'OSPROFILE', path, name: 'same.tar.gz' });
    const { objectId } = task as Task & { objectId?: string };
    if (task.status !== 'Complete')
      return this.check(
        ['conflict', 'in_use'].includes(task.error?.code ?? ''),
        `archive: ${JSON.stringify(task.error)}`,
      );
    if (objectId !== undefined) this.profiles.add(objectId);
    this.count('archive import');
  }
}

async function* asStream(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function pick<Item>(items: readonly Item[], most: number, random: (below: number) => number): Item[] {
  if (items.length === 0) return [];
  return [...new Set(Array.from({ length: 1 + random(most) }, () => items[random(items.length)]!))];
}

async function work(world: World, folder: string, worker: number): Promise<void> {
  const random = dice(`worker ${worker}`);
  const one = (ids: Iterable<string>) => pick([...ids], 1, random)[0];
  for (let turn = 0; turn < turns; turn++) {
    const name = `p-${worker}-${turn}`;
    const roll = random(100);
    if (roll < 25) await world.importScript(random);
    else if (roll < 40) await world.makeProfile(random, name);
    else if (roll < 55) await world.remove(one(world.files));
    else if (roll < 65) await world.remove(one(world.profiles));
    else if (roll < 80) await world.export(one(world.profiles), false, roll < 68);
    else if (roll < 85) await world.export(one(world.profiles), true);
    else await world.importArchive(one(world.exported.keys()), folder, name);
  }
}

/** Runs again and again until the signal aborts; that another one does it already is fine. */
async function again(signal: AbortSignal, what: () => Promise<unknown>): Promise<number> {
  let times = 0;
  for (; !signal.aborted; times++) {
    await what().catch((error: unknown) => {
      if (!(error instanceof Problem && error.code === 'store_busy')) throw error;
    });
  }
  return times;
}

/** What lies on the disk is what the rows name, and the rows are those somebody needs. */
async function checkStore(t: Test, db: Database, store: BlobStore): Promise<void> {
  const names = async (folder: string) =>
    (await readdir(join(store.root, folder), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort();
  const column = async (query: string) =>
    (await db.query<{ name: string }>(query)).rows.map(({ name }) => name).sort();
  const rows = await column('select physical_name as name from blobs');
  t.strictSame(await names('blobs'), rows, 'each content has its file, and no file is left over');
  const used = await column(`select b.physical_name as name from blobs b where b.sha256 in (
    select sha256 from images union select sha256 from files union select sha256 from predefined_files)`);
  t.strictSame(rows, used, 'nothing unneeded remains, and nothing needed is missing');
  const archives = await column('select id as name from archives where deleted_at is null');
  t.strictSame(await names('exports'), archives, 'archives as well');
  t.strictSame(await names('staging'), [], 'and no upload');
}

t.test('everything at once', async (t) => {
  t.comment(`SEED=${seed}`);
  const services = await startServices(t, { packagers: 2 });
  const { client, db } = services;
  const folder = await mkdtemp(join(tmpdir(), 'osimage-at-once-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const image = (await buildSamples(join(folder, 'samples'))).find(({ imageType }) => imageType === 'OS')!;
  const imageId = await client.imported(image);
  const scripts = await Promise.all(
    Array.from({ length: contents }, async (_, number) => {
      const path = join(folder, `${number}.sh`);
      const text = `#!/bin/sh\n# ${noise(200 * 6 ** number, number).toString('hex')}\n`;
      await writeFile(path, text);
      return { path, sha256: createHash('sha256').update(text).digest('hex') };
    }),
  );
  const world = new World(client, `${imageId}|${imageId}-x86_64-install-Minimal`, scripts);
  const start = dice('start');
  for (let number = 0; number < 3; number++) await world.importScript(start);
  await world.makeProfile(start, 'first');
  await world.export([...world.profiles][0]);

  const store = { root: join(services.dataDir, 'store') };
  const stop = new AbortController();
  const { signal } = stop;
  const young = { olderThanMs: 0 };
  const reading = { deep: false, restart: true, bytesPerSecond: 0, signal };
  const others = [
    again(signal, () => cleanStore(db, store, young)),
    again(signal, () => cleanStore(db, store, young)),
    again(signal, () => collectGarbage(db, store, young)),
    again(signal, () => scrub(db, store, reading)),
  ];
  try {
    await Promise.all(Array.from({ length: workers }, (_, worker) => work(world, folder, worker)));
  } finally {
    stop.abort();
    const times = await Promise.all(others);
    t.comment(`cleaned ${times[0]} and ${times[1]} times, collected ${times[2]}, scrubbed ${times[3]} times`);
    for (const [what, count] of world.done) t.comment(`${what}: ${count}`);
  }
  t.strictSame(world.wrong, [], 'nothing went wrong');
  t.strictSame(await listDamagedBlobs(db), [], 'no scrub took for damaged what was on its way');

  for (const id of world.profiles) await world.export(id);
  t.strictSame(world.wrong, [], 'every profile gives the bytes it gave before');
  // The worker of a cancelled job removes what it wrote after the job has ended.
  const { rows } = await db.query('select from archives where deleted_at is null');
  await until(async () => {
    await cleanStore(db, store, young);
    return (await readdir(join(store.root, 'exports'))).length === rows.length;
  });
  await checkStore(t, db, store);
  const last = { ...reading, signal: new AbortController().signal };
  t.match(await scrub(db, store, last), { complete: true });
  t.strictSame(await listDamagedBlobs(db), []);
});
