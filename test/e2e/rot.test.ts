/** A byte that changes on the disk is found by whoever meets it first, and named; nothing is published with it. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { buildSamples } from '../../samples/build.ts';
import { adminFor } from '../support/admin.ts';
import { makeSampleProfile } from '../support/sample-profile.ts';
import { startServices } from '../support/services.ts';

interface Damage {
  damaged: {
    content: { files: { id: string; name: string }[]; profiles: string[]; damage: string; path: string }[];
    archives: { name: string; damage: string; profileId: string; path: string }[];
  };
}

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
let drawn = 0;
const random = (below: number) =>
  createHash('sha256').update(`${seed} ${drawn++}`).digest().readUInt32LE() % below;

/** Changes a byte somewhere in the file; gives what undoes it. */
async function flip(path: string): Promise<() => Promise<void>> {
  const sound = await readFile(path);
  const rotten = Buffer.from(sound);
  rotten[random(sound.length)]! ^= 1 + random(255);
  await writeFile(path, rotten);
  return () => writeFile(path, sound);
}

t.test('rot in stored files and in archives', async (t) => {
  t.comment(`SEED=${seed}`);
  const services = await startServices(t);
  const { client, db, dataDir } = services;
  const folder = await mkdtemp(join(tmpdir(), 'osimage-rot-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const samples = await buildSamples(join(folder, 'samples'));
  const profileId = await makeSampleProfile(client, samples);
  const admin = adminFor({ DATABASE_URL: services.databaseUrl, DATA_DIR: dataDir });
  const scrub = async (...options: string[]) => {
    const run = await admin(['store', 'scrub', '--rate', '0', '--json', ...options]);
    return { code: run.code, ...(JSON.parse(run.stdout) as Damage) };
  };
  const store = join(dataDir, 'store');
  const exported = async () => {
    const { jobID, filename } = await client.export(profileId);
    return { filename, task: await client.ended(jobID) };
  };
  const first = await exported();
  const whole = await (await client.fetch('GET', `/osImages/${first.filename}`)).arrayBuffer();
  t.match(await scrub(), { code: 0, complete: true, damaged: { content: [], archives: [] }, orphans: 0 });

  const { rows } = await db.query<{ name: string; physical: string }>(
    `select f.name, b.physical_name as physical from files f join blobs b on b.sha256 = f.sha256
     union select p.name, b.physical_name from predefined_files p join blobs b on b.sha256 = p.sha256
       where p.profile_id = $1`,
    [profileId],
  );
  t.ok(rows.length >= samples.length - 1);
  const archives = async () => (await readdir(join(store, 'exports'), { recursive: true })).sort();
  const published = await archives();
  for (const { name, physical } of rows) {
    const heal = await flip(join(store, 'blobs', physical.slice(0, 2), physical));
    const { filename, task } = await exported();
    t.match(task, { status: 'StoppedWithError', error: { code: 'blob_damaged' } }, name);
    t.ok(task.error?.text.includes(name), `${name} is named: ${task.error?.text}`);
    t.equal((await client.fetch('GET', `/osImages/${filename}`)).status, 404, 'nothing is published');
    t.strictSame(
      (await archives()).filter((path) => path.endsWith('.tar.gz')),
      published.filter((path) => path.endsWith('.tar.gz')),
    );
    const found = await scrub();
    t.equal(found.code, 1);
    t.match(found.damaged, {
      content: [{ path: join('blobs', physical.slice(0, 2), physical) }],
      archives: [],
    });
    t.match(found.damaged.content[0], {
      files: [{ name }],
      damage: /^bytes \d+ to \d+ of its file have changed$/,
    });
    t.ok(found.damaged.content[0]?.profiles.includes(profileId), 'and who carries it');
    await heal();
  }

  await t.test('importing the file again repairs it', async (t) => {
    const script = samples.find(({ imageType }) => imageType === 'SCRIPT')!;
    const physical = rows.find(({ name }) => name === script.name)!.physical;
    await flip(join(store, 'blobs', physical.slice(0, 2), physical));
    t.equal((await scrub()).code, 1);
    await client.imported(script);
    const { task } = await exported();
    t.match(task, { status: 'Complete', sha256: first.task.sha256 }, 'the same bytes as ever');
    t.match(await scrub('--deep'), { code: 0, damaged: { content: [] } });
  });

  await t.test('importing the image again repairs what the service made of it, and the medium', async (t) => {
    const image = samples.find(({ imageType }) => imageType === 'OS')!;
    const flipRow = async (query: string) => {
      const { rows } = await db.query<{ physical: string }>(query);
      const { physical } = rows[0]!;
      await flip(join(store, 'blobs', physical.slice(0, 2), physical));
    };
    await flipRow(
      `select b.physical_name as physical from blobs b join predefined_files p on p.sha256 = b.sha256`,
    );
    t.equal((await scrub()).code, 1);
    t.match(await client.import(image), { status: 'StoppedWithError', error: { code: 'conflict' } });
    t.equal((await scrub()).code, 0, 'although it is here already');
    await flipRow(`select b.physical_name as physical from blobs b join images i on i.sha256 = b.sha256`);
    t.match(await scrub(), {
      code: 1,
      damaged: { content: [{ files: [{ kind: 'image', name: image.name }] }] },
    });
    await client.imported({ ...image, osrelease: 'sample2' });
    t.equal((await scrub()).code, 0);
  });

  await t.test('a damaged archive', async (t) => {
    const { physical_path: path } = (
      await db.query<{ physical_path: string }>('select physical_path from archives where id = $1', [
        first.filename,
      ])
    ).rows[0]!;
    const heal = await flip(join(store, path));
    await t.rejects(async () => {
      const answer = await client.fetch('GET', `/osImages/${first.filename}`);
      if (answer.status !== 200) throw new Error(await answer.text());
      await answer.arrayBuffer();
    }, 'a download is cut off or refused');
    const found = await scrub();
    t.match(found, {
      code: 1,
      damaged: { content: [], archives: [{ name: first.filename, profileId, path, damage: /have changed/ }] },
    });
    t.equal((await client.fetch('HEAD', `/osImages/${first.filename}`)).status, 500);
    const refused = await client.fetch('GET', `/osImages/${first.filename}`);
    t.match(await refused.json(), { messages: [/archive is damaged: bytes/, /Export the profile again/] });
    t.match(await services.logs(), 'archive_damaged');
    await heal();
    t.match(await scrub(), { code: 0, damaged: { archives: [] } }, 'a file that came back is served again');
    const again = await (await client.fetch('GET', `/osImages/${first.filename}`)).arrayBuffer();
    t.ok(Buffer.from(again).equals(Buffer.from(whole)));
  });
});
