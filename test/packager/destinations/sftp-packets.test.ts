// The bytes of SFTP: packets come out as they went in, however they are cut; nonsense is noticed.
import fc from 'fast-check';
import t from 'tap';
import {
  FieldReader,
  PacketSplitter,
  packet,
  request,
  writeHeader,
} from '../../../services/packager/sftp/packets.ts';

t.test('packets survive any cutting', async () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 0, maxLength: 300 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(bodies, fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1 }), (contents, cuts) => {
      const whole = Buffer.concat(contents.map((content, id) => packet(200, id, content)));
      const splitter = new PacketSplitter();
      const found: Buffer[] = [];
      for (let at = 0, cut = 0; at < whole.length; cut += 1) {
        const next = at + (cuts[cut % cuts.length] ?? 1);
        found.push(...splitter.push(whole.subarray(at, next)).map((bytes) => Buffer.from(bytes)));
        at = next;
      }
      return (
        found.length === contents.length &&
        found.every((bytes, id) => {
          const fields = new FieldReader(bytes.subarray(1));
          return (
            bytes[0] === 200 &&
            fields.uint32() === id &&
            fields.bytes().equals(contents[id] ?? Buffer.of()) &&
            fields.left === 0
          );
        })
      );
    }),
  );
});

t.test('nonsense gives RangeError and nothing else', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        for (const one of new PacketSplitter().push(Buffer.from(bytes))) {
          const fields = new FieldReader(one);
          fields.text();
          fields.attributes();
          fields.uint64();
        }
        return true;
      } catch (error) {
        return error instanceof RangeError;
      }
    }),
  );
  t.throws(() => new PacketSplitter().push(Buffer.from('Welcome to this server!')), RangeError);
});

t.test('a WRITE is its header and its data', async (t) => {
  const handle = Buffer.from('handle');
  const data = Buffer.from('data');
  for (const offset of [0, 1, 2 ** 32, 2 ** 52]) {
    const whole = packet(request.write, 7, handle, BigInt(offset), data);
    t.strictSame(Buffer.concat([writeHeader(7, handle, offset, data.length), data]), whole);
  }
});
