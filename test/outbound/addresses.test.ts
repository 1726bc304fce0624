// Which addresses may be connected to, in every form they can be written.
import { checkAddress } from '@osimage/outbound';
import fc from 'fast-check';
import t from 'tap';
import { onlyHere, reachedFromOutside } from '../support/addresses.ts';

const outside = reachedFromOutside();

const refused: Record<string, RegExp> = {
  '127.0.0.1': /loopback/,
  '127.255.255.254': /loopback/,
  '::1': /loopback/,
  '0:0:0:0:0:0:0:1': /loopback/,
  '169.254.169.254': /metadata/,
  '169.254.170.2': /metadata/,
  '100.100.100.200': /metadata/,
  '192.0.0.192': /metadata/,
  '168.63.129.16': /metadata/,
  'fd00:ec2::254': /metadata/,
  'FD00:0EC2:0:0:0:0:0:0254': /metadata/,
  'fd20:ce::254': /metadata/,
  '169.254.0.1': /link-local/,
  '169.254.255.255': /link-local/,
  'fe80::1': /link-local/,
  'fe80::1%eth0': /link-local/,
  'febf:ffff::1': /link-local/,
  '0.0.0.0': /no address/,
  '0.1.2.3': /no address/,
  '::': /no address/,
  '224.0.0.1': /multicast/,
  '239.255.255.255': /multicast/,
  'ff02::1': /multicast/,
  '255.255.255.255': /broadcast/,
  '240.0.0.1': /reserved/,
  '2001:0:53aa:64c::1': /hides/,
  '64:ff9b:1::a9fe:a9fe': /hides/,
  // The same through an IPv6 form.
  '::ffff:127.0.0.1': /loopback/,
  '::ffff:7f00:1': /loopback/,
  '::ffff:169.254.169.254': /metadata/,
  '::ffff:0:127.0.0.1': /loopback/,
  '::127.0.0.1': /loopback/,
  '64:ff9b::127.0.0.1': /loopback/,
  '64:ff9b::a9fe:a9fe': /metadata/,
  '2002:7f00:1::': /loopback/,
  '2002:a9fe:a9fe::1': /metadata/,
};

const open = [
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '198.51.100.7',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.255.255',
  '169.255.0.0',
  '100.100.100.201',
  '223.255.255.255',
  'fd00::1',
  'fec0::1',
  '2001:db8::1',
  '2001:1::1',
  '::ffff:10.0.0.1',
  '64:ff9b::8.8.8.8',
  '2002:0808:0808::1',
];

t.test('refused, whoever listens where', async (t) => {
  for (const [ip, why] of Object.entries(refused)) {
    t.match(outside.refusal(ip), why, ip);
    if (why.source !== 'loopback') t.match(onlyHere.refusal(ip), why, `${ip}, on loopback`);
    else t.equal(onlyHere.refusal(ip), undefined, `${ip}, on loopback`);
  }
});

t.test('open', async (t) => {
  for (const ip of open) t.equal(outside.refusal(ip), undefined, ip);
});

t.test('OUTBOUND_ALLOW opens exactly what it names', async (t) => {
  const rules = reachedFromOutside('127.0.0.2/32', '169.254.0.0/16', 'fe80::/10', '::1');
  for (const ip of ['127.0.0.2', '::ffff:127.0.0.2', '169.254.169.254', '169.254.3.4', 'fe80::9%eth0', '::1'])
    t.equal(rules.refusal(ip), undefined, ip);
  for (const ip of ['127.0.0.1', '127.0.0.3', '::', 'ff02::1', '0.0.0.0', '100.100.100.200'])
    t.type(rules.refusal(ip), 'string', ip);
  t.equal(reachedFromOutside('0.0.0.0/0').refusal('127.0.0.1'), undefined);
  t.type(reachedFromOutside('0.0.0.0/0').refusal('fe80::1'), 'string', 'IPv4 only');
});

t.test('what is written out is refused when it is saved; a name is not', async (t) => {
  const spellings = ['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '[fe80::1%2]'];
  for (const host of spellings)
    t.throws(() => checkAddress(host, outside), { code: 'address_not_allowed', message: /it is a l/ }, host);
  for (const host of ['localhost', 'backup.example', '10.1.2.3', 'cafe', 'a.b.c.d', '300.1.1.1'])
    t.doesNotThrow(() => checkAddress(host, outside), host);
});

t.test('every IPv4 address is judged alike in all its forms', async () => {
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(byte, byte, byte, byte, (a, b, c, d) => {
      const plain = [a, b, c, d].join('.');
      const hex = (x: number, y: number) => ((x << 8) | y).toString(16);
      const pair = `${hex(a, b)}:${hex(c, d)}`;
      const expected = outside.refusal(plain);
      return [
        `::ffff:${plain}`,
        `::ffff:${pair}`,
        `64:ff9b::${plain}`,
        `64:ff9b::${pair}`,
        `2002:${pair}::1`,
      ].every((form) => outside.refusal(form) === expected);
    }),
  );
});
