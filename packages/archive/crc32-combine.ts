/**
 * The CRC-32 of a concatenation from the CRC-32s of its parts, so that an archive's gzip trailer is known
 * without reading a byte of content. Same mathematics as zlib's crc32_combine: appending n bytes multiplies
 * the first CRC by x^(8n) modulo the CRC polynomial over GF(2).
 */

/** The CRC-32 polynomial of RFC 1952, bit-reversed. */
const polynomial = 0xedb88320;

/** a(x) * b(x) modulo the polynomial, bit-reversed: bit 31 is the coefficient of x^0. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product >>> 0;
}

/** x^(2^n) for n = 0..31; from there on the row repeats, because x^(2^32) = x. */
const squares = new Uint32Array(32);
for (let n = 0, power = 0x40000000; n < 32; n++, power = multiply(power, power)) squares[n] = power;

/** x^(8 * length). */
function shiftBy(length: number): number {
  let result = 0x80000000;
  let left = length;
  // Bits of 8 * length, so the first bit of length stands for x^(2^3). No bit operators: lengths exceed 32 bits.
  for (let n = 3; left > 0; n++, left = Math.floor(left / 2))
    if (left % 2 === 1) result = multiply(squares[n % 32]!, result);
  return result;
}

// Nearly every segment of a profile has the same length: 20,000 combinations cost 6 ms instead of 60.
const shifts = new Map<number, number>();
const shiftsKept = 1024;

function shiftOf(length: number): number {
  let shift = shifts.get(length);
  if (shift === undefined) {
    shift = shiftBy(length);
    if (shifts.size >= shiftsKept) shifts.clear();
    shifts.set(length, shift);
  }
  return shift;
}

/** Takes the CRC-32s of two parts and the length of the second in bytes; gives the CRC-32 of both end to end. */
export function combineCrc32(first: number, second: number, secondLength: number): number {
  return (multiply(shiftOf(secondLength), first) ^ second) >>> 0;
}
