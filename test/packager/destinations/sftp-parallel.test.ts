// Deliveries over a long link: several channels and connections write one file, and what they lose is sent again.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type DelayLink, type LinkOptions, startDelayLink } from '../../../bench/delay-link.ts';
import type { SftpServer } from '../../../samples/sftp-server.ts';
import { deliverTo } from '../../../services/packager/destinations/index.ts';
import { defaultOptions, type TransferOptions } from '../../../services/packager/server-profile.ts';
import { checkSum, deliveryTo, problemOf, profileOf, someBytes } from '../../support/delivery.ts';
import { startSshd } from '../../support/sshd.ts';
import { until } from '../../support/until.ts';

const MIB = 1024 * 1024;
const content = someBytes(24 * MIB + 77);
const rttMs = 40;
const deliver = deliverTo('SFTP');

async function startLink(
  t: Test,
  options: Partial<LinkOptions> & Pick<LinkOptions, 'to'>,
): Promise<DelayLink> {
  const link = await startDelayLink({ rttMs, ...options });
  t.teardown(() => link.close());
  return link;
}

function through(link: DelayLink, server: SftpServer, options: Partial<TransferOptions> = {}) {
  return profileOf(server, { port: link.port, options: { ...defaultOptions, ...options } });
}

async function arrived(t: Test, server: SftpServer, link: DelayLink, name: string): Promise<void> {
  t.ok((await readFile(join(server.folder, name))).equals(content), 'the same bytes');
  t.equal(await checkSum(join(server.folder, name)), `${name}: OK`);
  t.notOk(
    (await readdir(server.folder)).some((file) => file.startsWith('.')),
    'nothing else stays',
  );
  await until(() => link.open === 0);
}

t.test('OpenSSH as it is', async (t) => {
  const server = await startSshd(t);
  if (server === undefined) return;

  await t.test('several connections without being told', async (t) => {
    const link = await startLink(t, { to: server.port });
    const delivery = deliveryTo(through(link, server), content, 'many');
    await deliver(delivery);
    t.ok(link.accepted > 1, `${link.accepted} connections`);
    t.strictSame(
      delivery.progress,
      delivery.progress.toSorted((a, b) => a - b),
    );
    t.equal(delivery.progress.at(-1), content.length);
    await arrived(t, server, link, 'many');
  });

  await t.test('one connection where the profile wants so', async (t) => {
    const link = await startLink(t, { to: server.port });
    await deliver(deliveryTo(through(link, server, { connections: 1 }), content, 'one'));
    t.equal(link.accepted, 1);
    await arrived(t, server, link, 'one');
  });

  await t.test('an empty way costs nothing: one connection', async (t) => {
    const link = await startLink(t, { to: server.port, rttMs: 0 });
    await deliver(deliveryTo(through(link, server), someBytes(3 * MIB), 'short'));
    t.equal(link.accepted, 1);
  });

  await t.test('a connection breaks beside the first one', async (t) => {
    const link = await startLink(t, { to: server.port });
    let cut = false;
    const onProgress = (bytes: number) => {
      if (cut || bytes < content.length / 3 || link.accepted < 2) return;
      cut = true;
      link.cut(1);
    };
    await deliver(deliveryTo(through(link, server), content, 'cut', { onProgress }));
    t.ok(cut);
    await arrived(t, server, link, 'cut');
  });

  await t.test('the first connection breaks', async (t) => {
    const link = await startLink(t, { to: server.port });
    const onProgress = (bytes: number) => {
      if (bytes > content.length / 3) link.cut(0);
    };
    const problem = await problemOf(
      deliver(deliveryTo(through(link, server), content, 'gone', { onProgress })),
    );
    t.match(problem, { code: 'connection_lost', transient: true });
    await until(() => link.open === 0);
  });

  await t.test('cancelled: every socket is closed', async (t) => {
    const link = await startLink(t, { to: server.port });
    const controller = new AbortController();
    const reason = new Error('cancelled');
    const onProgress = (bytes: number) => {
      if (bytes > content.length / 3) controller.abort(reason);
    };
    const { signal } = controller;
    const work = deliver(deliveryTo(through(link, server), content, 'never', { signal, onProgress }));
    await t.rejects(work, reason);
    await until(() => link.open === 0);
    t.notOk((await readdir(server.folder)).some((file) => file.includes('never')));
  });

  await t.test('another machine answers to one of the connections', async (t) => {
    const other = await startSshd(t);
    if (other === undefined) return;
    const link = await startLink(t, { to: (at) => (at === 0 ? server : other).port });
    const problem = await problemOf(deliver(deliveryTo(through(link, server), content, 'stranger')));
    t.equal(problem.code, 'host_key_changed');
    t.strictSame(await readdir(other.folder), []);
    await until(() => link.open === 0);
  });

  await t.test('no sooner than its rate allows', async (t) => {
    const link = await startLink(t, { to: server.port, rttMs: 0 });
    const bytesPerSecond = 4 * MIB;
    const started = performance.now();
    await deliver(deliveryTo(through(link, server, { bytesPerSecond }), someBytes(2 * MIB), 'slow'));
    t.ok(performance.now() - started >= 450);
  });
});

for (const settings of [
  ['MaxSessions 1'],
  ['MaxStartups 1:100:1'],
  ['MaxSessions 1', 'MaxStartups 1:100:1'],
]) {
  t.test(`OpenSSH with ${settings.join(' and ')}`, async (t) => {
    const server = await startSshd(t, undefined, settings);
    if (server === undefined) return;
    const link = await startLink(t, { to: server.port });
    await deliver(deliveryTo(through(link, server), content, 'modest'));
    await arrived(t, server, link, 'modest');
  });
}
