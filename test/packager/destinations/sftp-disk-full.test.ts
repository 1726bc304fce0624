// A disk that fills up while the archive arrives. A real one: OpenSSH on a small file system of its own.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { deliverTo } from '../../../services/packager/destinations/index.ts';
import { deliveryTo, problemOf, profileOf, someBytes } from '../../support/delivery.ts';
import { startSshd } from '../../support/sshd.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;

async function smallDisk(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-full-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=755', 'osimage-test', folder]);
    return folder;
  } catch {
    await rmdir(folder);
    return undefined;
  }
}

t.test('the disk fills up on the way', async (t) => {
  const disk = await smallDisk();
  if (disk === undefined) return t.pass('a small disk', { skip: 'mounting a file system needs root' });
  t.teardown(async () => {
    await run('umount', ['-l', disk]);
    await rmdir(disk);
  });
  const folder = join(disk, 'files');
  const server = await startSshd(t, folder);
  if (server === undefined) return;
  let filled = false;
  const fill = (bytes: number) => {
    if (filled || bytes === 0) return;
    filled = true;
    // More than is left: the end of this write fails, which is the point.
    t.throws(() => writeFileSync(join(folder, 'somebody-elses'), Buffer.alloc(8 * MIB)), { code: 'ENOSPC' });
  };
  const delivery = deliveryTo(profileOf(server), someBytes(7 * MIB), 'f', { onProgress: fill });
  const problem = await problemOf(deliverTo('SFTP')(delivery));
  t.match(problem, { code: 'remote_no_space', transient: false });
  t.strictSame(await readdir(folder), ['somebody-elses']);
});
