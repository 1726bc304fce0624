// Deliveries over FTP and FTPS to ProFTPD, and to servers that cannot do what one would expect.
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { ftpDestination } from '../../../services/packager/destinations/ftp.ts';
import { transferLimits } from '../../../services/packager/transfer-limits.ts';
import { createAuthority, loopbackNames } from '../../support/certificates.ts';
import { destinationSuite } from '../../support/destination-suite.ts';
import { startProftpd } from '../../support/proftpd.ts';

const deliver = ftpDestination();
const impatient = ftpDestination({ ...transferLimits, silenceMs: 600, answerMs: 600, cleanUpMs: 600 });

t.test('as every destination: FTP', (t) =>
  destinationSuite(t, { deliver, impatient, start: (t) => startProftpd(t) }),
);

t.test('FTPS', async (t) => {
  const authority = await createAuthority(t);
  if (authority === undefined) return;
  const good = await authority.issue('good', '/CN=good', { names: loopbackNames });
  const authorities = [await readFile(authority.ca, 'utf8')];

  await t.test('as every destination', (t) =>
    destinationSuite(t, {
      deliver,
      impatient,
      start: (t) => startProftpd(t, { certificate: good }),
      changes: { authorities },
    }),
  );
});
