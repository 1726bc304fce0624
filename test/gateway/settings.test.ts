/** Global settings and connection (contract, section 9 and C-18). */
import { open } from '@osimage/secrets';
import t from 'tap';
import { changeSettings } from '../../services/gateway/global-settings/settings.ts';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';
import { withPackager } from '../support/with-packager.ts';

const path = '/osdeployment/globalSettings';
const password = 'S3cret-of-the-target';
const key = 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE';

function caller({ app, headers }: TestGateway, url = path) {
  return async (method: 'GET' | 'PUT', payload?: object, as = headers) => {
    const answer = await app.inject({ method, url, headers: as, ...(payload && { payload }) });
    return { code: answer.statusCode, text: answer.body, body: answer.json() };
  };
}

const noKeys = { dataCenterLicenseKey: '', standardLicenseKey: '' };
const initial = {
  deploySettings: { ipDuplicationCheckEnabled: true, stateTransitionTimeout: 0 },
  globalSetting: {
    activeDirectory: { allDomains: [], defaultDomain: null },
    credentials: [
      { name: 'root', type: 'ESXi', password: null, passwordChanged: false },
      { name: 'root', type: 'LINUX', password: null, passwordChanged: false },
      { name: 'Administrator', type: 'WINDOWS', password: null, passwordChanged: false },
    ],
    ipAssignment: 'dhcpv4',
    isVLANMode: false,
    licenseKeys: { win2012r1: noKeys, win2012r2: noKeys, win2016r1: noKeys, win2019r1: noKeys },
  },
};

async function stored({ db }: TestGateway): Promise<Record<string, string>> {
  const { rows } = await db.query<{ id: string; sealed: string }>('select id, sealed from setting_secrets');
  return Object.fromEntries(rows.map(({ id, sealed }) => [id, sealed]));
}

t.test('what pylxca sends is kept and shown, but for the passwords', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const before = await call('GET');
  t.equal(before.code, 200);
  const { messages, ...shown } = before.body;
  t.strictSame(shown, { ...initial, result: 'success' });
  t.equal(messages[0].id, 'FQXHMSE0001I');

  const changed = await call('PUT', {
    deploySettings: { ipDuplicationCheckEnabled: false, stateTransitionTimeout: 90 },
    activeDirectory: {
      allDomains: [
        { domainName: 'a.example', OU: 'x' },
        { id: 7, domainName: 'b.example' },
        { domainName: 'c' },
      ],
      defaultDomain: 'a.example',
    },
    credentials: [
      { type: 'LINUX', name: 'root', password, passwordChanged: true },
      { type: 'windows', name: 'Admin', password },
    ],
    ipAssignment: 'staticv6',
    isVLANMode: 'True',
    licenseKeys: { win2019r1: { standardLicenseKey: key }, win2022r1: { dataCenterLicenseKey: key } },
  });
  t.match(changed, { code: 200, body: { result: 'success' } });
  t.notMatch(changed.text, password);
  const after = await call('GET');
  t.notMatch(after.text, password);
  t.match(after.body, {
    deploySettings: { ipDuplicationCheckEnabled: false, stateTransitionTimeout: 90 },
    globalSetting: {
      activeDirectory: {
        allDomains: [
          { id: '8', domainName: 'a.example', OU: 'x' },
          { id: '7', domainName: 'b.example', OU: '' },
          { id: '9', domainName: 'c', OU: '' },
        ],
        defaultDomain: 'a.example',
      },
      ipAssignment: 'staticv6',
      isVLANMode: true,
      licenseKeys: {
        win2019r1: { dataCenterLicenseKey: '', standardLicenseKey: key },
        win2022r1: { dataCenterLicenseKey: key, standardLicenseKey: '' },
      },
    },
  });
  t.strictSame(after.body.globalSetting.credentials[2], {
    name: 'Admin',
    type: 'WINDOWS',
    password: null,
    passwordChanged: false,
  });
  const { secrets } = gateway.services;
  const sealed = await stored(gateway);
  t.equal(open(secrets, sealed['credential/LINUX']!, 'settings/credential/LINUX'), password);
  t.equal(open(secrets, sealed['credential/WINDOWS']!, 'settings/credential/WINDOWS'), password);
  t.notMatch(JSON.stringify(sealed), key);

  const alias = caller(gateway, '/osImages/globalSettings');
  t.strictSame((await alias('GET')).body, after.body);
  t.equal((await alias('PUT', { isVLANMode: false })).code, 200);
  t.equal((await call('GET')).body.globalSetting.isVLANMode, false);
});

t.test('what is absent stays', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const settings = async () => (await call('GET')).body.globalSetting;
  const put = async (change: object) =>
    t.equal((await call('PUT', change)).code, 200, JSON.stringify(change));
  await put({ credentials: [{ type: 'LINUX', name: 'root', password }] });
  const first = await stored(gateway);
  await put({});
  await put({ credentials: [], deploySettings: null, licenseKeys: {} });
  await put({ credentials: [{ type: 'LINUX', name: 'root', password: null, passwordChanged: false }] });
  await put({ credentials: [{ type: 'LINUX', password: 'other', passwordChanged: false }] });
  await put({ credentials: [{ type: 'WINDOWS', name: 'x' }] });
  t.strictSame(await stored(gateway), first, 'the password');
  t.match((await settings()).credentials, [{ name: 'root' }, { name: 'root' }, { name: 'x' }]);
  await put({ credentials: [{ type: 'LINUX', name: 'else' }] });
  t.strictSame(await stored(gateway), {}, 'a password is not given to another name');
  await put({ credentials: [{ type: 'LINUX', password }] });
  await put({ credentials: [{ type: 'LINUX', password: null, passwordChanged: true }] });
  t.strictSame(await stored(gateway), {}, 'removed');
  await put({ credentials: [{ type: 'rhel/esxi', password }] });
  t.match((await settings()).credentials[3], { type: 'RHEL/ESXi', name: 'root' });

  await put({ activeDirectory: { allDomains: [{ domainName: 'a' }], defaultDomain: 'a' } });
  await put({ activeDirectory: { defaultDomain: null } });
  t.strictSame((await settings()).activeDirectory, {
    allDomains: [{ id: '0', domainName: 'a', OU: '' }],
    defaultDomain: null,
  });
  await put({ licenseKeys: { win2016r1: { standardLicenseKey: key } } });
  await put({ licenseKeys: { win2016r1: { dataCenterLicenseKey: key } } });
  await put({ licenseKeys: { win2016r1: { standardLicenseKey: '' } } });
  t.strictSame((await settings()).licenseKeys.win2016r1, {
    dataCenterLicenseKey: key,
    standardLicenseKey: '',
  });
});

t.test('who may not is refused, and sees the ends of licence keys only', async (t) => {
  const gateway = await createTestGateway(t);
  const { db, services, addUser } = gateway;
  const call = caller(gateway);
  const licenseKeys = { win2019r1: { standardLicenseKey: key, dataCenterLicenseKey: 'short' } };
  await call('PUT', { licenseKeys });
  const reader = await addUser('reader', 'lxc-operator');
  t.match((await call('GET', undefined, reader)).body.globalSetting.licenseKeys.win2019r1, {
    standardLicenseKey: '*****-*****-*****-*****-EEEEE',
    dataCenterLicenseKey: '*****',
  });
  t.equal((await call('PUT', { isVLANMode: true }, reader)).code, 403);
  // No role has the one privilege without the other.
  const change = (body: object) =>
    changeSettings(db, services.secrets, body, { name: 'half', mayDeploy: false });
  await t.rejects(change({ ipAssignment: 'staticv4', isVLANMode: true }), { code: 'privilege_missing' });
  t.match((await call('GET')).body.globalSetting, { ipAssignment: 'dhcpv4', isVLANMode: false });
  await change({ ipAssignment: 'dhcpv4', isVLANMode: true });
  t.equal((await call('GET')).body.globalSetting.isVLANMode, true);

  await db.query(`update setting_secrets set sealed = 'v1.00000000.x.y'`);
  const unreadable = await call('GET');
  t.match(unreadable, { code: 500, body: { messages: [{ id: 'FQXHMFC9604M', text: /licence keys/ }] } });
});

t.test('what is wrong is said, and changes nothing', async (t) => {
  const call = caller(await createTestGateway(t));
  for (const wrong of [
    [],
    { globalSetting: {} },
    { ipAssignment: 'dhcpv6' },
    { isVLANMode: 'maybe' },
    { isVLANMode: 1 },
    { deploySettings: { stateTransitionTimeout: -1 } },
    { deploySettings: { ipDuplicationCheckEnabled: 'yes' } },
    { credentials: { type: 'LINUX' } },
    { credentials: [{ name: 'root' }] },
    { credentials: [{ type: 'AIX' }] },
    { credentials: [{ type: 'LINUX', name: 'a\nb' }] },
    { credentials: [{ type: 'LINUX', password: 'x'.repeat(1_025) }] },
    { activeDirectory: { allDomains: [{ OU: 'x' }] } },
    {
      activeDirectory: {
        allDomains: [
          { id: '1', domainName: 'a' },
          { id: 1, domainName: 'b' },
        ],
      },
    },
    { licenseKeys: { 'a/b': {} } },
    { licenseKeys: { win2019r1: 'key' } },
    { licenseKeys: { win2019r1: { otherKey: 'x' } } },
  ]) {
    const answer = await call('PUT', { isVLANMode: true, ...wrong, ...(Array.isArray(wrong) && { x: 1 }) });
    t.equal(answer.code, 400, `${JSON.stringify(wrong).slice(0, 60)} ${answer.body.messages[0]?.text}`);
  }
  const { messages: _, ...shown } = (await call('GET')).body;
  t.strictSame(shown, { ...initial, result: 'success' });
});

t.test('the connection tells what can be reached', async (t) => {
  const away = caller(await createTestGateway(t), '/osdeployment/connection');
  t.match((await away('GET')).body, {
    result: 'success',
    connection: {
      connected: false,
      services: [
        { name: 'database', connected: true },
        { name: 'packager', connected: false },
      ],
    },
  });
  const there = await withPackager(t);
  for (const url of ['/osdeployment/connection', '/osImages/connection'])
    t.match((await caller(there, url)('GET')).body, { connection: { connected: true } });
});
