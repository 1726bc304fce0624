/** TRUST_PROXY: whose word counts for where a request comes from. */
import { loadSettings } from '@osimage/settings';
import t from 'tap';
import { createTestGateway, userName, userPassword } from '../support/gateway.ts';

const forwarded = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7', 'x-forwarded-proto': 'https' };

t.test('nobody is believed unless named, and then only for the hop before', async (t) => {
  for (const { TRUST_PROXY, from, address, secure } of [
    { TRUST_PROXY: undefined, from: '127.0.0.1', address: '127.0.0.1', secure: false },
    { TRUST_PROXY: '10.0.0.0/8', from: '192.0.2.5', address: '192.0.2.5', secure: false },
    { TRUST_PROXY: '10.0.0.0/8', from: '10.1.2.3', address: '198.51.100.7', secure: true },
    { TRUST_PROXY: '10.1.2.3', from: '::ffff:10.1.2.3', address: '198.51.100.7', secure: true },
    { TRUST_PROXY: '::1, 198.51.100.0/24', from: '::1', address: '203.0.113.9', secure: true },
  ]) {
    const { app } = await createTestGateway(t, { env: { TRUST_PROXY } });
    const answer = await app.inject({
      method: 'POST',
      url: '/sessions',
      remoteAddress: from,
      headers: forwarded,
      payload: { UserId: userName, password: userPassword },
    });
    const name = `${from} with TRUST_PROXY=${TRUST_PROXY}`;
    t.equal(answer.json().response.session.Address, address, name);
    t.strictSame(
      answer.cookies.map((cookie) => 'secure' in cookie && cookie.secure),
      answer.cookies.map(() => secure),
      name,
    );
    t.equal('strict-transport-security' in answer.headers, secure, name);
  }
});

t.test('it names proxies, never everybody', async (t) => {
  for (const value of ['true', '1', 'proxy.example', '10.0.0.0/33', '0.0.0.0/0', '::/0', '10.0.0.1/8/8'])
    t.throws(() => loadSettings({ TRUST_PROXY: value }), { message: /^TRUST_PROXY must/ }, value);
  t.strictSame(loadSettings({ TRUST_PROXY: '10.0.0.1, fd00::/8' }).TRUST_PROXY, ['10.0.0.1', 'fd00::/8']);
  t.strictSame(loadSettings({}).TRUST_PROXY, []);
});
