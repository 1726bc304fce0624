/** Recognises JSON, scripts, answer files and XML. */
import type { ByteSource } from './byte-source.ts';
import { xmlFault } from './xml.ts';

/** Largest configuration or unattend file, bytes. */
const maxTextSize = 4 * 1024 * 1024;
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

/** A well-formed XML document. */
export async function checkXmlFile(source: ByteSource): Promise<void> {
  const fault = xmlFault(await readText(source));
  if (fault) throw source.wrong(`it is not well-formed XML: ${fault}`);
}

async function readText(source: ByteSource): Promise<string> {
  if (source.size > maxTextSize) throw source.wrong(`it is larger than ${maxTextSize} bytes`);
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
