/** Recognises JSON, scripts and other text. */
import type { ByteSource } from './byte-source.ts';

/** Largest configuration or unattend file, bytes. */
export const maxTextSize = 4 * 1024 * 1024;
/** Largest detached signature, bytes; one has some hundred. */
const maxSignatureSize = 64 * 1024;
const scriptStart = 64 * 1024;

/** A configuration-settings file: one JSON object. Throws Problem wrong_content. */
export async function checkJsonObject(source: ByteSource): Promise<void> {
  const text = await readText(source);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own words quote the file.
    throw source.wrong('it is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw source.wrong(
      `it is JSON, but ${Array.isArray(value) ? 'a list' : 'a single value'} instead of an object`,
    );
  }
}

/** A script: text, as far as its first 64 KiB tell. */
export async function checkScript(source: ByteSource): Promise<void> {
  const start = await source.read(0, Math.min(source.size, scriptStart));
  decode(source, start, { whole: start.length === source.size });
}

/** A Kickstart or preseed file: text. */
export async function checkPlainText(source: ByteSource): Promise<void> {
  await readText(source);
}

/** An armored OpenPGP signature (RFC 9580, section 6.2), as far as its first line tells. */
export async function checkSignature(source: ByteSource): Promise<void> {
  if (!/^-----BEGIN PGP SIGNATURE-----\s*$/m.test(await readText(source, maxSignatureSize)))
    throw source.wrong('it is no armored OpenPGP signature');
}

/** The whole text, of at most `limit` bytes. Throws Problem wrong_content. */
export async function readText(source: ByteSource, limit = maxTextSize): Promise<string> {
  if (source.size > limit) throw source.wrong(`it is larger than ${limit} bytes`);
  return decode(source, await source.read(0, source.size), { whole: true });
}

/** Text in UTF-8, or in UTF-16 with a byte order mark. A start may end in the middle of a character. */
function decode(source: ByteSource, bytes: Buffer, { whole }: { whole: boolean }): string {
  const mark = bytes.subarray(0, 2).toString('hex');
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8';
  if (encoding === 'utf-8' && bytes.includes(0)) throw source.wrong('it is not text: it has NUL bytes');
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: !whole });
  } catch {
    throw source.wrong(`it is not text in ${encoding.toUpperCase()}`);
  }
}
