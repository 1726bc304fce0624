/** Networks as people write them, "10.0.0.0/8" or "fd00::/8", and whether an address lies in one. */
import { isIP } from 'node:net';

export interface Network {
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

/** Throws an Error that says what is wrong when `text` is not a network or a single address. */
export function network(text: string): Network {
  const [address = '', length, ...more] = text.split('/');
  const bytes = address.includes('%') ? undefined : addressBytes(address);
  const most = (bytes?.length ?? 0) * 8;
  const prefix = length === undefined ? most : Number(length);
  if (bytes === undefined || more.length > 0 || !/^\d{1,3}$/.test(length ?? '0') || prefix > most)
    throw new Error(`${text} is not a network like 10.0.0.0/8 or fd00::/8`);
  return { bytes, prefix };
}

/** Whether an IP address, with or without a zone, lies in the network. */
export function inNetwork(ip: string, { bytes, prefix }: Network): boolean {
  const own = addressBytes(ip);
  if (own?.length !== bytes.length) return false;
  const whole = prefix >> 3;
  const mask = 0xff00 >> (prefix & 7);
  for (let at = 0; at < whole; at += 1) if (own[at] !== bytes[at]) return false;
  return (prefix & 7) === 0 || ((own[whole] ?? 0) & mask) === ((bytes[whole] ?? 0) & mask);
}

/** The 4 or 16 bytes of an address; undefined when it is none. A zone is left out. */
export function addressBytes(ip: string): Uint8Array | undefined {
  const version = isIP(ip);
  if (version === 0) return undefined;
  if (version === 4) return Uint8Array.from(ip.split('.'), Number);
  // The URL parser knows every spelling and gives one: lower-case hexadecimal groups.
  const plain = new URL(`http://[${ip.split('%')[0]}]/`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(8 - first.length - last.length).fill('0');
  return Uint8Array.from(
    [...first, ...zeros, ...last].flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}
