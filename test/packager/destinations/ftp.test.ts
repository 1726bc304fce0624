// Deliveries over FTP and FTPS to ProFTPD, and to servers that cannot do what one would expect.
import { chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ftpDestination } from '../../../services/packager/destinations/ftp.ts';
import { transferLimits } from '../../../services/packager/transfer-limits.ts';
import { createAuthority, loopbackNames } from '../../support/certificates.ts';
import { checkSum, deliveryTo, problemOf, someBytes } from '../../support/delivery.ts';
import { destinationSuite } from '../../support/destination-suite.ts';
import { startProftpd } from '../../support/proftpd.ts';

const deliver = ftpDestination();
const impatient = ftpDestination({ ...transferLimits, silenceMs: 600, answerMs: 600, cleanUpMs: 600 });
const content = someBytes(300_000);

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

  await t.test('a certificate nobody vouches for, and one that has expired', async (t) => {
    const old = await authority.issue('old', '/CN=old', { names: loopbackNames, days: -1 });
    const server = await startProftpd(t, { certificate: good });
    const expired = await startProftpd(t, { certificate: old });
    if (server === undefined || expired === undefined) return;
    const stranger = await problemOf(deliver(deliveryTo(server.profile, content, 'f')));
    t.match(stranger, { code: 'certificate_refused', transient: false });
    const late = await problemOf(deliver(deliveryTo(expired.profile, content, 'f', { authorities })));
    t.match(late, { code: 'certificate_refused', message: /expired/ });
    for (const { folder } of [server, expired]) t.strictSame(await readdir(folder), []);
  });

  await t.test('TLS from the first byte on port 990', async (t) => {
    const server = await startProftpd(t, { certificate: good, implicit: true, port: 990 });
    if (server === undefined) return;
    await deliver(deliveryTo(server.profile, content, 'new/f', { authorities }));
    t.ok((await readFile(join(server.folder, 'new/f'))).equals(content));
    t.match(await checkSum(join(server.folder, 'new/f')), /: OK$/);
    t.strictSame((await readdir(join(server.folder, 'new'))).sort(), ['f', 'f.sha256']);
  });

  await t.test('TLS that is not there is not done without', async (t) => {
    const server = await startProftpd(t);
    if (server === undefined) return;
    const profile = { ...server.profile, protocol: 'FTPS' as const };
    const problem = await problemOf(deliver(deliveryTo(profile, content, 'f', { authorities })));
    t.match(problem, { code: 'tls_failed', transient: false });
    t.strictSame(await readdir(server.folder), []);
  });
});

t.test('a server that does not replace files: the old one makes room', async (t) => {
  const server = await startProftpd(t, { more: ['AllowOverwrite off'] });
  if (server === undefined) return;
  await deliver(deliveryTo(server.profile, Buffer.from('the old one'), 'f'));
  const { notes } = await deliver(deliveryTo(server.profile, content, 'f'));
  t.match(notes?.join(), /does not rename over a file/);
  t.ok((await readFile(join(server.folder, 'f'))).equals(content));
  t.match(await checkSum(join(server.folder, 'f')), /: OK$/);
  t.strictSame((await readdir(server.folder)).sort(), ['f', 'f.sha256'], 'nothing is left of the old one');
});

t.test('a server that takes no more bytes', async (t) => {
  const server = await startProftpd(t, { more: ['MaxStoreFileSize 100 Kb'] });
  if (server === undefined) return;
  const problem = await problemOf(deliver(deliveryTo(server.profile, content, 'f')));
  t.match(problem, { code: 'remote_full', transient: false, params: { needed: content.length } });
  t.strictSame(await readdir(server.folder), []);
});

t.test('a server that lets nobody read', async (t) => {
  const server = await startProftpd(t, {
    more: ['AllowOverwrite on', '<Limit RETR>', 'DenyAll', '</Limit>'],
  });
  if (server === undefined) return;
  const { profile, folder } = server;
  const { notes } = await deliver(deliveryTo(profile, content, 'f'));
  t.match(notes?.join(), /content of the archive was not compared/);
  const strict = { ...profile, options: { ...profile.options, verify: 'full' as const } };
  const problem = await problemOf(deliver(deliveryTo(strict, content, 'g')));
  t.match(problem, { code: 'remote_unverifiable', transient: false });
  t.strictSame((await readdir(folder)).sort(), ['f', 'f.sha256']);
});

t.test('what arrives damaged is not published', async (t) => {
  const server = await startProftpd(t);
  if (server === undefined) return;
  for (const verify of ['sample', 'full'] as const) {
    const profile = { ...server.profile, options: { ...server.profile.options, verify } };
    const delivery = deliveryTo(profile, content, 'f', {
      onStep: (step) => {
        if (step === 'verifying') damage(join(server.folder, '.f.12-1.part'));
      },
    });
    t.match(await problemOf(deliver(delivery)), { code: 'remote_mismatch', transient: true }, verify);
    t.strictSame(await readdir(server.folder), []);
  }
});

t.test('where the file lies is kept until nothing is left', async (t) => {
  const server = await startProftpd(t);
  if (server === undefined) return;
  const { profile, folder } = server;
  const place = { server: `ftp://${profile.username}@localhost:${profile.port}`, path: `${server.root}f` };
  const kept: unknown[] = [];
  const saveCheckpoint = async (checkpoint: unknown) => {
    t.ok(kept.length > 0 || !existsSync(join(folder, '.f.12-1.part')), 'before there is a file');
    kept.push(checkpoint);
  };
  const broken = deliveryTo(profile, content, 'f', {
    saveCheckpoint,
    triesAgain: () => true,
    onProgress: (bytes) => bytes > 0 && server.drop(),
  });
  t.match(await problemOf(deliver(broken)), { transient: true });
  t.strictSame(kept, [place, undefined]);
  t.strictSame(await readdir(folder), []);

  // What was a file to be became a folder before the second attempt.
  writeFileSync(join(folder, '.f.12-1.part'), 'half');
  chownSync(join(folder, '.f.12-1.part'), statSync(folder).uid, -1);
  await deliver(deliveryTo(profile, content, 'f/', { attempt: 2, checkpoint: place }));
  t.strictSame(await readdir(folder), ['f']);
});

/** Changes one byte near the end. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8((bytes.at(-5) ?? 0) ^ 1, bytes.length - 5);
  writeFileSync(path, bytes);
}
