/** Download of a finished archive beside nginx with sendfile, one stream and eight. */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { makeSampleProfile } from '../../test/support/sample-profile.ts';
import { corpus } from '../corpus.ts';
import { type Bench, comparison, inTurn, type Table } from '../measure.ts';
import { memoryFolder } from '../places.ts';
import { asOrders, startProduct } from '../product.ts';
import { shell } from '../shell.ts';

const streams = 8;

export async function measureDownload(bench: Bench): Promise<Table[]> {
  const folder = await memoryFolder(bench);
  const product = await startProduct(bench, folder);
  const profileId = await makeSampleProfile(product.client, asOrders(await corpus()), 'corpus', 'Standard');
  const { jobID, filename } = await product.client.export(profileId);
  await product.client.ended(jobID);
  const served = join(folder, 'served');
  await mkdir(served);
  await shell(
    `cp $(find ${product.store}/exports -name '${filename}') ${served}/archive; chmod -R a+rX ${folder}`,
  );
  const peer = await startNginx(bench, folder, served);
  const authorization = product.client.headers.authorization ?? '';
  const ours = `-H 'Authorization: ${authorization}' ${product.client.url}/osImages/${filename}`;
  const theirs = `${peer}/archive`;
  const get = (what: string, count: number) => async () => {
    await shell(
      `for n in $(seq ${count}); do curl -sf -o /dev/null ${what} & pids="$pids $!"; done; wait $pids`,
    );
  };
  const one = await inTurn(bench, { 'osimage-export': get(ours, 1), 'nginx, sendfile': get(theirs, 1) });
  const many = await inTurn(bench, {
    'osimage-export': get(ours, streams),
    'osimage-export, one after the other': async () => {
      for (let n = 0; n < streams; n++) await get(ours, 1)();
    },
    'nginx, sendfile': get(theirs, streams),
  });
  return [
    comparison('Download of the corpus archive, one stream', one),
    comparison(`Download of the corpus archive, ${streams} streams at once`, many),
  ];
}

async function startNginx(bench: Bench, folder: string, root: string): Promise<string> {
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  await writeFile(
    config,
    `pid ${folder}/nginx.pid; error_log ${folder}/nginx.log; worker_processes 2; events {}
     http { access_log off; sendfile on; tcp_nopush on; server { listen 127.0.0.1:${port}; root ${root}; } }`,
  );
  await shell(`nginx -c ${config}`);
  bench.atEnd(() => shell(`nginx -c ${config} -s stop`));
  return `http://127.0.0.1:${port}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
