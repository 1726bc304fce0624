/** The CRC of a concatenation, against zlib's of the bytes themselves. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { combineCrc32 } from '../../packages/archive/crc32-combine.ts';

t.test('equals the CRC of the bytes end to end', async () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 20 }), (parts) => {
      const combined = parts.reduce((crc, part) => combineCrc32(crc, crc32(part), part.length), 0);
      return combined === crc32(Buffer.concat(parts));
    }),
  );
});

t.test('lengths beyond 32 bits', async (t) => {
  // Appending 2^33 + 5 zeros at once, and in two steps: the mathematics must not depend on the cut.
  const start = crc32('start');
  const zeros = (length: number): number => {
    // The CRC of 2^n zeros from that of half as many.
    let crc = crc32(Buffer.alloc(1));
    let done = 1;
    for (; done * 2 <= length; done *= 2) crc = combineCrc32(crc, crc, done);
    return done === length ? crc : combineCrc32(crc, zeros(length - done), length - done);
  };
  t.equal(zeros(1_000_003), crc32(Buffer.alloc(1_000_003)), 'zeros are counted right');
  const length = 2 ** 33 + 5;
  const atOnce = combineCrc32(start, zeros(length), length);
  const inSteps = combineCrc32(combineCrc32(start, zeros(2 ** 33), 2 ** 33), zeros(5), 5);
  t.equal(atOnce, inSteps);
});
