/** A file server that goes away in the middle of an export and comes back: the same job ends it, and sends no proven byte twice. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { makeBigProfile } from '../support/big-profile.ts';
import type { Task } from '../support/client.ts';
import { checkSum } from '../support/delivery.ts';
import { startProxy } from '../support/proxy.ts';
import { startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;

t.test('the server is restarted in the middle', async (t) => {
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  const { client, dataDir } = await startServices(t);
  const profileId = await makeBigProfile(client, dataDir, 24);
  const proxy = await startProxy(t, sftp.port);
  const { address, username, password, folder } = sftp;
  const login = { displayName: 'restarted', address, port: proxy.port, protocol: 'SFTP', username, password };
  // Slow, so that there is a middle.
  const { serverId } = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', {
    ...login,
    bytesPerSecond: 8 * MIB,
  });
  const { jobID } = await client.export(
    profileId,
    `?serverId=${serverId}&path=${encodeURIComponent(`${folder}/f`)}`,
  );
  const partial = async (attempt: number) =>
    (await stat(join(folder, `.f.${jobID}-${attempt}.part`)).catch(() => undefined))?.size ?? 0;
  await until(async () => (await partial(1)) > 8 * MIB);
  proxy.cut(true);
  const waiting = await client.watch(jobID, ({ attempts }) => attempts.some(({ error }) => error));
  t.match(waiting, { status: 'Running', attempts: [{ error: { code: 'connection_lost' } }] });
  t.strictSame(await readdir(folder), [`.f.${jobID}-1.part`], 'what arrived stays for the next attempt');
  proxy.cut(false);
  const task = (await client.ended(jobID)) as Task & { notes: string[] };
  t.equal(task.status, 'Complete');
  t.ok(task.attempts.length >= 2, 'each attempt can be seen');
  t.equal(task.attempts.at(-1)?.error, null);
  const again = /(\d+) bytes of an earlier attempt were there already/.exec(task.notes.join(' '))?.[1];
  t.ok(Number(again) > 8 * MIB - 1, `${again} bytes were not sent again`);
  t.match(await checkSum(join(folder, 'f')), /: OK$/);
  t.strictSame((await readdir(folder)).sort(), ['f', 'f.sha256']);
});
