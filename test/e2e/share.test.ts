/** Ten exports to one server at once, from four packagers of different size: each gets about its part of the link. */
import { findJobs } from '@osimage/database';
import t from 'tap';
import { startDelayLink } from '../../bench/delay-link.ts';
import { makeBigProfile } from '../support/big-profile.ts';
import { startGate } from '../support/gate.ts';
import { startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

const exportsAtOnce = 10;

t.test('ten exports share a link that is the limit', async (t) => {
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  // One has room for seven of them, and a worker for large jobs; the others take one each.
  const env = { SERVER_JOBS: `${exportsAtOnce}`, PACKAGER_JOBS: '8' };
  const { client, db, dataDir, addPackager } = await startServices(t, { env });
  for (let more = 3; more > 0; more -= 1) await addPackager({ PACKAGER_JOBS: '1' });
  const profileId = await makeBigProfile(client, dataDir, 16);
  // All begin at once: nobody gets through to the server before all are there.
  const gate = await startGate(t, sftp.port);
  const link = await startDelayLink({ to: gate.port, rttMs: 40, bytesPerSecond: 16_000_000 });
  t.teardown(() => link.close());
  const { address, username, password } = sftp;
  const server = { displayName: 'far away', address, port: link.port, protocol: 'SFTP', username, password };
  const { serverId } = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', server);
  const jobs: string[] = [];
  for (let n = 1; n <= exportsAtOnce; n += 1) {
    const path = encodeURIComponent(`${sftp.folder}/${n}`);
    jobs.push((await client.export(profileId, `?serverId=${serverId}&path=${path}`)).jobID);
  }
  await until(() => gate.held >= exportsAtOnce);
  gate.open();

  const sent = await until(async () => {
    const rows = await findJobs(db, jobs);
    return rows.some((row) => row.ended_at !== null) && rows.map((row) => Number(row.bytes_done));
  });
  t.comment(`bytes when the first one ends: ${sent.toSorted((a, b) => a - b)}`);
  t.ok(Math.min(...sent) > Math.max(...sent) / 2, 'the slowest has more than half of what the fastest has');
  const ended = await Promise.all(jobs.map((id) => client.ended(id)));
  for (const task of ended) t.match(task, { status: 'Complete', attempts: [{ error: null }] });
  const workers = new Set(ended.flatMap(({ attempts }) => attempts.map(({ worker }) => worker)));
  t.equal(workers.size, 4, 'by four packagers');
});
