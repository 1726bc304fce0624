/**
 * Lines of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): what they say of one server. Also what people
 * paste without the names in front, "type base64 [comment]".
 */
import { createHmac } from 'node:crypto';
import { revoked } from './host-keys.ts';

const keyTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
];
const looksLikeType = /^(ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]+$/;

interface Line {
  readonly marker: string;
  /** The names it is for; undefined: it names none. */
  readonly hosts: string | undefined;
  /** "type base64". */
  readonly key: string;
}

/**
 * The keys in lines given for the server at `host` and `port`, in the form they are kept in, each once. Throws an
 * Error that says which line cannot be taken: it is none, the key is broken, or it is for another server.
 */
export function readGivenKeys(texts: readonly string[], host: string, port: number): string[] {
  const lines = linesOf(texts.join('\n'));
  const keys = lines.map((text, at) => {
    const where = lines.length > 1 ? `line ${at + 1}` : 'the line';
    const line = readLine(text, where);
    if (line.marker === '@cert-authority')
      throw new Error(`${where} is for a certificate authority: certificates of hosts are not used here`);
    if (line.hosts !== undefined && !isFor(line.hosts, host, port))
      throw new Error(
        `${where} is for ${shown(line.hosts)} and not for ${nameOf(host, port)}; leave the name out if it is meant all the same`,
      );
    return line.marker === '' ? line.key : revoked(line.key);
  });
  return [...new Set(keys)];
}

/**
 * The keys a known_hosts file has for the server; lines for others, for certificate authorities and those that make
 * no sense are passed over, as OpenSSH does it.
 */
export function findKnownKeys(file: string, host: string, port: number): string[] {
  const keys = linesOf(file).flatMap((text) => {
    try {
      const { marker, hosts, key } = readLine(text, 'it');
      if (hosts === undefined || marker === '@cert-authority' || !isFor(hosts, host, port)) return [];
      return marker === '' ? key : revoked(key);
    } catch {
      return [];
    }
  });
  return [...new Set(keys)];
}

/** Without comments and empty lines. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n|\r/).map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

function readLine(text: string, where: string): Line {
  const words = text.split(/\s+/);
  const marker = words[0]?.startsWith('@') ? (words.shift() ?? '') : '';
  if (!['', '@revoked', '@cert-authority'].includes(marker))
    throw new Error(`${where} begins with the unknown mark ${shown(marker)}`);
  const hosts = looksLikeType.test(words[0] ?? '') ? undefined : words.shift();
  const [type = '', base64 = ''] = words;
  if (!looksLikeType.test(type) || base64 === '')
    throw new Error(`${where} is not a line of known_hosts, nor a key in the form "type base64"`);
  if (!keyTypes.includes(type))
    throw new Error(`${where} has a key of type ${shown(type)}; used are ${keyTypes.join(', ')}`);
  const blob = Buffer.from(base64, 'base64');
  if (blob.toString('base64') !== base64 || !isWhole(blob, type))
    throw new Error(`the key in ${where} is broken or cut off`);
  return { marker, hosts, key: `${type} ${base64}` };
}

/** Whether the bytes are the fields of such a key (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4) and nothing more. */
function isWhole(blob: Buffer, type: string): boolean {
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return false;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return false;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  const [name, first = Buffer.alloc(0), second, ...more] = fields;
  if (name?.toString('latin1') !== type || more.length > 0) return false;
  if (type === 'ssh-ed25519') return first.length === 32 && second === undefined;
  if (second === undefined || second.length === 0) return false;
  return type === 'ssh-rsa' ? first.length > 0 : type.endsWith(`-${first.toString('latin1')}`);
}

/** OpenSSH writes the port only when it is not 22, and takes a line without one for every port. */
function namesOf(host: string, port: number): string[] {
  const plain = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return [plain, `[${plain}]:${port}`];
}

function nameOf(host: string, port: number): string {
  return namesOf(host, port)[port === 22 ? 0 : 1] ?? host;
}

function isFor(hosts: string, host: string, port: number): boolean {
  const names = namesOf(host, port);
  if (hosts.startsWith('|')) return names.some((name) => isHashOf(hosts, name));
  const patterns = hosts.toLowerCase().split(',');
  const matches = (pattern: string) => names.some((name) => matchesPattern(pattern, name));
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))) return false;
  return patterns.some(matches);
}

/** |1|salt|HMAC-SHA1 of the name, keyed with the salt. */
function isHashOf(hashed: string, name: string): boolean {
  const [, magic, salt = '', hash = ''] = hashed.split('|');
  if (magic !== '1') return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

/** `*` and `?`, as in the shell; walked without going back, so that no pattern takes long. */
function matchesPattern(pattern: string, name: string): boolean {
  let [p, n, star, mark] = [0, 0, -1, 0];
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      mark = n;
    } else if (pattern[p] === '?' || pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** What somebody gave, short enough for a sentence. */
function shown(text: string): string {
  const plain = text.startsWith('|') ? 'a hashed name' : text.replace(/[^\x20-\x7e]/g, '?');
  return plain.length > 80 ? `${plain.slice(0, 77)}...` : plain;
}
