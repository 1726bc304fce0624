/**
 * Reads JSON bodies more strictly than JSON.parse does: an attribute given twice, of which each reader would
 * believe another one; names that reach into JavaScript's own objects; text that no database or file system can
 * hold; and nesting nobody means.
 */
import { Problem } from '@osimage/errors';

const deepest = 64;
/** A string with its quotes, or what gives structure. Everything else in valid JSON is numbers, words and space. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g;
/** After a string that is the name of an attribute. */
const colon = /\s*:/y;
const reserved = new Set(['__proto__', 'constructor', 'prototype']);
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Gives the value, undefined for an empty body. Throws Problem invalid_request. */
export function readJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  // pylxca says `application/json` also where it sends no body (contract, 1.5).
  if (text.trim() === '') return undefined;
  const value = parse(text);
  checkText(text);
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new Problem('invalid_request', { detail: 'The body is not UTF-8.' }, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Problem('invalid_request', { detail: 'The body is not valid JSON.' }, { cause });
  }
}

/** Looks at the text of valid JSON, where what was given twice is still there. */
function checkText(text: string): void {
  // The names seen in each object that is open; a list has none.
  const open: (Set<string> | undefined)[] = [];
  for (const { 0: found, index } of text.matchAll(token)) {
    if (found === '{' || found === '[') {
      open.push(found === '{' ? new Set() : undefined);
      if (open.length > deepest) throw refused(`The body is nested more than ${deepest} levels deep.`);
    } else if (found === '}' || found === ']') open.pop();
    else checkString(found, isName(text, index + found.length) ? open.at(-1) : undefined);
  }
}

function isName(text: string, end: number): boolean {
  colon.lastIndex = end;
  return colon.test(text);
}

/** `names` is given when the string is the name of an attribute. */
function checkString(quoted: string, names: Set<string> | undefined): void {
  if (!names && !quoted.includes('\\u')) return;
  const string = JSON.parse(quoted) as string;
  // The database has no such text, and C programs end there.
  if (string.includes('\0')) throw refused('The request holds a NUL character.');
  if (!string.isWellFormed()) throw refused('The body holds half of a character (a lone surrogate).');
  if (!names) return;
  if (reserved.has(string)) throw refused(`The body has the attribute ${string}, which is never used here.`);
  if (names.has(string)) throw refused(`The body has the attribute ${shorten(string)} more than once.`);
  names.add(string);
}

function shorten(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}

function refused(detail: string): Problem {
  return new Problem('invalid_request', { detail });
}
