/**
 * A small check that a document is well-formed XML 1.0: one root, tags that match, attributes quoted and
 * unique, no bare '&' or '<'. It expands nothing and reads nothing else, and it refuses an internal DTD,
 * which no answer file needs and entity bombs are made of.
 */

const maxDepth = 256;
const name = '[\\p{L}_:][\\p{L}\\p{M}\\p{N}_:.\\u00b7-]*';
const attribute = new RegExp(`\\s+(${name})\\s*=\\s*(?:"([^"<]*)"|'([^'<]*)')`, 'uy');
const startTag = new RegExp(`<(${name})`, 'uy');
const endTag = new RegExp(`</(${name})\\s*>`, 'uy');
const tagEnd = /\s*(\/?)>/y;
const badReference = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-f]{1,6});)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters XML 1.0 forbids
const badCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** What is wrong with `text`, with the number of its line, or undefined when it is well-formed. */
export function xmlFault(text: string): string | undefined {
  return readXml(text).fault;
}

/** As xmlFault; a document without a fault comes with the local name of its root element. */
export function readXml(text: string): { fault: string } | { fault: undefined; root: string } {
  const scanner = new Scanner(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  const fault = badCharacter.test(text) ? 'it has a forbidden control character' : scanner.run();
  if (fault) return { fault: `${fault} (line ${scanner.line})` };
  return { fault: undefined, root: scanner.root.replace(/^.*:/, '') };
}

class Scanner {
  readonly text: string;
  readonly open: string[] = [];
  at = 0;
  /** Name of the root element; empty before it. */
  root = '';

  constructor(text: string) {
    this.text = text;
  }

  get line(): number {
    return this.text.slice(0, this.at).split('\n').length;
  }

  run(): string | undefined {
    if (this.text.startsWith('<?xml ') && !this.skipPast('?>')) return 'the declaration does not end';
    while (this.at < this.text.length) {
      const fault = this.text[this.at] === '<' ? this.markup() : this.characters();
      if (fault) return fault;
    }
    if (this.open.length > 0) return 'an element is not closed';
    return this.root === '' ? 'there is no element' : undefined;
  }

  characters(): string | undefined {
    const next = this.text.indexOf('<', this.at);
    const part = this.text.slice(this.at, next < 0 ? undefined : next);
    if (this.open.length === 0 && part.trim() !== '') return 'there is text outside of the root element';
    if (badReference.test(part)) return 'there is an unknown reference';
    if (part.includes(']]>')) return 'there is a stray end of a CDATA section';
    this.at += part.length;
    return undefined;
  }

  markup(): string | undefined {
    if (this.starts('<!--')) {
      if (!this.skipPast('--', 4)) return 'a comment does not end';
      return this.match(/>/y) ? undefined : 'there are two hyphens in a comment';
    }
    if (this.starts('<?')) return this.skipPast('?>') ? undefined : 'an instruction does not end';
    if (this.starts('<![CDATA[')) {
      if (this.open.length === 0) return 'there is text outside of the root element';
      return this.skipPast(']]>') ? undefined : 'a CDATA section does not end';
    }
    if (this.starts('<!')) return this.documentType();
    return this.starts('</') ? this.close() : this.element();
  }

  /** A plain <!DOCTYPE profile> before the root, as AutoYaST files have it. */
  documentType(): string | undefined {
    const whole = this.match(/<!DOCTYPE\s[^<>[\]]+>/y);
    if (!whole || this.root !== '') return 'there is a declaration that is not allowed';
    return undefined;
  }

  close(): string | undefined {
    const tag = this.match(endTag);
    return tag && this.open.pop() === tag[1] ? undefined : 'an end tag does not match';
  }

  element(): string | undefined {
    const tag = this.match(startTag);
    if (!tag?.[1]) return 'there is a bare "<"';
    if (this.open.length === 0 && this.root !== '') return 'there is a second root element';
    const attributes = new Set<string>();
    for (let found = this.match(attribute); found; found = this.match(attribute)) {
      if (attributes.has(found[1] ?? '')) return 'an attribute is there twice';
      attributes.add(found[1] ?? '');
      if (badReference.test(found[2] ?? found[3] ?? '')) return 'there is an unknown reference';
    }
    const end = this.match(tagEnd);
    if (!end) return 'a tag is damaged';
    this.root ||= tag[1];
    if (end[1] === '') this.open.push(tag[1]);
    return this.open.length > maxDepth ? 'its elements are nested too deeply' : undefined;
  }

  starts(what: string): boolean {
    return this.text.startsWith(what, this.at);
  }

  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found;
  }

  skipPast(what: string, from = 0): boolean {
    const end = this.text.indexOf(what, this.at + from);
    if (end >= 0) this.at = end + what.length;
    return end >= 0;
  }
}
