/** A profile of 20 GB on its whole way: upload, import, export, download, verification; time and memory of each. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { importWindows } from '../../test/support/sample-profile.ts';
import { writeContent } from '../content.ts';
import type { Bench, Table } from '../measure.ts';
import { withMemory } from '../memory.ts';
import { diskFolder } from '../places.ts';
import { secondsOf, startProduct } from '../product.ts';
import { shell } from '../shell.ts';

/** One above the 8 GiB that fit a plain tar header, one above 4 GiB. */
const sizes = { 'large-12.zip': 12e9, 'large-8.zip': 8e9 };
/** What makes content a zip to whoever looks at its ends: a local header, and a directory without entries. */
const zipStart = Buffer.from('PK\x03\x04'.padEnd(30, '\0'), 'latin1');
const zipEnd = Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1');

export async function measureLarge(bench: Bench): Promise<Table[]> {
  const folder = await diskFolder(bench);
  const product = await startProduct(bench, folder);
  const { client, gatewayPid, packagerPid } = product;
  const imageId = await importWindows(client, folder, 'win2016');
  const rows: string[][] = [];
  const step = async <Result>(name: string, pid: number, work: () => Promise<Result>): Promise<Result> => {
    bench.say(name);
    const started = performance.now();
    const { result, above } = await withMemory(pid, work);
    const seconds = typeof result === 'number' ? result : (performance.now() - started) / 1000;
    rows.push([name, `${seconds.toFixed(1)} s`, `${(above / 1e6).toFixed(0)} MB`]);
    return result;
  };
  const auth = `-H 'Authorization: ${client.headers.authorization}'`;
  const software: string[] = [];
  for (const [name, size] of Object.entries(sizes)) {
    const path = join(folder, name);
    await writeContent(path, size, zipStart, zipEnd);
    const jobId = await client.createImport('SOFTWARE');
    const url = client.url + client.uploadPath(jobId, { imageType: 'SOFTWARE', name, os: 'win' });
    await step(`upload of ${size / 1e9} GB`, gatewayPid, () =>
      shell(`curl -sf ${auth} -F uploadedfile=@${path} '${url}'`),
    );
    await rm(path);
    await step(`import of ${size / 1e9} GB`, packagerPid, () => secondsOf(product, jobId));
    const task = await client.task(jobId);
    software.push((task as typeof task & { objectId: string }).objectId);
  }
  const profileId = await client.createProfile(`${imageId}|${imageId}-x86_64-install-Standard`, {
    name: 'large',
    customizationOptions: { customSoftwareOptions: { customSoftwareIds: software } },
  });
  const { jobID, filename } = await client.export(profileId);
  await step('export', packagerPid, () => secondsOf(product, jobID));
  const archive = join(folder, filename);
  await step('download', gatewayPid, () =>
    shell(`curl -sf ${auth} -o ${archive} ${client.url}/osImages/${filename}`),
  );
  await step('npm run verify', process.pid, () =>
    shell(`${process.execPath} scripts/run.mjs verify ${archive}`),
  );
  await step('GNU tar, sizes of the members', process.pid, async () => {
    const listed = await shell(`tar -tvzf ${archive} | grep -c -E ' (1200000[0-9]{4}|800000[0-9]{4}) '`);
    if (listed.trim() !== '2') throw new Error(`GNU tar lists ${listed} of the two large members`);
  });
  return [
    {
      title: 'A profile of 20 GB on its way (memory of the process that works, above idle)',
      rows: [['', 'time', 'memory'], ...rows],
      data: rows,
    },
  ];
}
