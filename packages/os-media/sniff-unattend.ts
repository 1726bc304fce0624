/** Recognises the unattend files that have a structure: AutoYaST, Windows and autoinstall. */
import { isMap, parseDocument } from 'yaml';
import type { ByteSource } from './byte-source.ts';
import type { OsFamily } from './families.ts';
import { readText } from './sniff-text.ts';
import { readXml } from './xml.ts';

const roots: Partial<Record<OsFamily, string>> = { sles: 'profile', windows: 'unattend' };
/** Cloud-init takes no more user data over most of its channels, and YAML is slow to read. */
const maxYamlSize = 512 * 1024;
/** More aliases than any real file has; a bomb needs a great many. */
const maxAliases = 100;

/** A well-formed XML document with the root of an unattend file of `family`, or of any when it is undefined. */
export async function checkXmlAnswers(source: ByteSource, family: OsFamily | undefined): Promise<void> {
  const read = readXml(await readText(source));
  if (read.fault !== undefined) throw source.wrong(`it is not well-formed XML: ${read.fault}`);
  const wanted = family ? roots[family] : undefined;
  const allowed = wanted ? [wanted] : Object.values(roots);
  if (!allowed.includes(read.root)) {
    throw source.wrong(`its root element is not ${allowed.map((root) => `<${root}>`).join(' or ')}`);
  }
}

/** A YAML document whose key `autoinstall` holds the answers for the installer of Ubuntu. */
export async function checkAutoinstall(source: ByteSource): Promise<void> {
  const text = await readText(source, maxYamlSize);
  const answers = autoinstallOf(source, text);
  if (!isObject(answers)) throw source.wrong('it has no key autoinstall with answers in it');
  if (answers.version !== 1) throw source.wrong('autoinstall has not the version 1');
}

function autoinstallOf(source: ByteSource, text: string): unknown {
  try {
    // Finding equal keys compares each with each, which takes minutes with as many as fit; the installer allows them.
    const document = parseDocument(text, { uniqueKeys: false });
    if (document.errors.length === 0) {
      if (!isMap(document.contents)) return undefined;
      const all: unknown = document.toJS({ maxAliasCount: maxAliases });
      return isObject(all) ? all.autoinstall : undefined;
    }
  } catch {
    // Nested too deeply, or too many aliases. The parser's own words quote the file.
  }
  throw source.wrong('it is not YAML that can be read safely');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
