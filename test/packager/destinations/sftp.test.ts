// Deliveries over SFTP to OpenSSH: the common suite. What only SFTP has is in the files beside this one.
import t, { type Test } from 'tap';
import { profileOf } from '../../support/delivery.ts';
import { sftpSuite } from '../../support/destination-suite.ts';
import type { FileServer } from '../../support/file-server.ts';
import { startProxy } from '../../support/proxy.ts';
import { startSshd } from '../../support/sshd.ts';

async function start(t: Test): Promise<FileServer | undefined> {
  const sshd = await startSshd(t);
  if (sshd === undefined) return undefined;
  const proxy = await startProxy(t, sshd.port);
  const { folder } = sshd;
  return {
    profile: profileOf(sshd, { address: 'localhost', port: proxy.port }),
    folder,
    root: `${folder}/`,
    freeze: proxy.hold,
    drop: proxy.drop,
  };
}

t.test('as every destination', (t) => sftpSuite(t, start));
