/** Values of the settings about connections to other people's servers. Each throws an Error that says what is wrong. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** Networks, "10.0.0.0/8, fd00::/8". */
export const networks = (value: string): string[] => {
  const list = value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  for (const one of list) {
    const [address = '', prefix = '0', ...more] = one.split('/');
    const most = [0, 32, 128][[0, 4, 6].indexOf(isIP(address))] ?? 0;
    if (
      most === 0 ||
      address.includes('%') ||
      more.length > 0 ||
      !/^\d{1,3}$/.test(prefix) ||
      Number(prefix) > most
    )
      throw new Error(`must be networks like 10.0.0.0/8, with commas between; ${one} is none`);
  }
  return list;
};

/** The path of a file that can be read now; it is read again when it is needed. */
export const readable = (path: string): string => {
  try {
    readFileSync(path);
  } catch {
    throw new Error(`names a file that cannot be read: ${path}`);
  }
  return path;
};

/** The certificates in a PEM file, one text each. */
export const certificates = (path: string): string[] => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new Error(`names a file that cannot be read: ${path}`);
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const one of found) new X509Certificate(one);
  } catch {
    throw new Error(`names a file with a broken certificate: ${path}`);
  }
  if (found.length === 0) throw new Error(`names a file without a PEM certificate: ${path}`);
  return found;
};
