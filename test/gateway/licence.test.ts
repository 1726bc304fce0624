/** The licence gate: an export past the licence, what goes on nevertheless, and who is warned how. */
import { mock } from 'node:test';
import { createLogger } from '@osimage/telemetry';
import t from 'tap';
import { watchLicence } from '../../services/gateway/licence.ts';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';
import { addArchive, addImage } from '../support/image-rows.ts';
import { createRowPackager, type RowPackager } from '../support/row-packager.ts';

const url = `/osImages/${encodeURIComponent('rhels9.4|rhels9.4-x86_64-install-Minimal')}`;
const dayMs = 86_400_000;

t.test('past the licence, also while the service is up, an export is refused', async (t) => {
  let packager: RowPackager | undefined;
  const gateway: TestGateway = await createTestGateway(t, {
    packager: async (database) => (packager = createRowPackager(database, () => gateway.services.storeRoot)),
  });
  const { app, headers, db, services, addUser } = gateway;
  await addImage(db, 'rhels9.4');
  const until = (end: Date) => Object.assign(services.settings, { LICENSE_VALID_UNTIL: end });

  t.equal((await app.inject({ url, headers })).statusCode, 200, 'no licence is asked for');
  until(new Date(Date.now() + 60_000));
  t.equal((await app.inject({ url, headers })).statusCode, 200, 'still valid');
  const end = new Date(Date.now() - 1);
  until(end);
  const refused = await app.inject({ url: `${url}?serverId=1&path=/x`, headers });
  t.equal(refused.statusCode, 403);
  const body = refused.json();
  t.match(body, { filename: '', jobID: '', result: 'failed' });
  t.match(body.messages[0], /licence to export has expired/);
  t.ok(body.messages[0].includes(end.toISOString()), 'since when');
  t.notMatch(refused.body, 'FQXHMFC0295M');
  t.equal(packager?.exports.length, 2, 'no job was started');
  t.match((await db.query(`select outcome, code, status from audit order by id desc limit 1`)).rows, [
    { outcome: 'refused', code: 'licence_expired', status: 403 },
  ]);
  const operator = await addUser('reader', 'lxc-operator');
  t.match((await app.inject({ url, headers: operator })).body, /privilege/, 'who may not is told that first');

  const name = '20260131054310_web.tar.gz';
  await addArchive(db, services.storeRoot, name, Buffer.from('the content'));
  t.equal(
    (await app.inject({ url: `/osImages/${name}`, headers })).body,
    'the content',
    'what is here is theirs',
  );
  t.equal((await app.inject({ url: `/osImages/${name}.sha256`, headers })).statusCode, 200);
  t.equal((await app.inject({ method: 'HEAD', url, headers })).statusCode, 200);
  const list = await app.inject({ url: '/osImages', headers });
  t.equal(list.statusCode, 200);
  const made = {
    method: 'POST',
    url: '/osImages?imageType=SCRIPT',
    headers,
    payload: { Action: 'Init' },
  } as const;
  t.equal((await app.inject(made)).statusCode, 200, 'only exports are licensed');
});

t.test('the log warns at the start and once a day', async (t) => {
  const end = new Date('2027-01-01T00:00:00Z');
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: end.getTime() - 31.5 * dayMs });
  t.teardown(() => mock.timers.reset());
  const lines: string[] = [];
  const log = Object.assign(createLogger('test', 'silent'), {
    warn: (fields: { licenceEnd: string }, text: string) => lines.push(`${fields.licenceEnd} ${text}`),
  });
  const stop = watchLicence({ LICENSE_VALID_UNTIL: end }, log);
  mock.timers.tick(dayMs);
  t.same(lines, [], '30.5 days ahead');
  mock.timers.tick(dayMs);
  t.match(lines, [/^2027-01-01T00:00:00.000Z the licence to export ends in 30 days/]);
  mock.timers.tick(29 * dayMs);
  t.equal(lines.length, 30);
  t.match(lines.at(-1), /in less than a day/);
  mock.timers.tick(dayMs);
  t.match(lines.at(-1), /ended at/);
  stop();
  mock.timers.tick(5 * dayMs);
  t.equal(lines.length, 31);

  watchLicence({ LICENSE_VALID_UNTIL: end }, log)();
  t.equal(lines.length, 32, 'at the start');
  watchLicence({ LICENSE_VALID_UNTIL: undefined }, log)();
  t.equal(lines.length, 32, 'off');
});
