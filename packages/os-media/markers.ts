/**
 * Tells an operating system by the marker files on its medium. Each reader takes the text of one marker and
 * gives what it says, or undefined; nothing it gives is longer than a line of plain characters.
 */
import type { OsFamily } from './families.ts';

export interface Finding {
  /** Undefined: an Anaconda medium of a product not known by name. */
  readonly os: string | undefined;
  /** Undefined when the family is recognised but not supported. */
  readonly family: OsFamily | undefined;
  /** Name of the release, for example rhels9.4; empty when the marker does not tell. */
  readonly osrelease: string;
  /** Its number, for example 9.4; may be empty. */
  readonly version: string;
  readonly arch: string;
  readonly buildId: string;
  /** For people. */
  readonly name: string;
}

// Names of products in .treeinfo and .discinfo, and what xCAT and the vendor's examples call them.
const kin: readonly [pattern: RegExp, os: string][] = [
  [/^red hat enterprise linux/i, 'rhels'],
  [/^almalinux/i, 'alma'],
  [/^rocky linux/i, 'rocky'],
  [/^oracle linux/i, 'ol'],
  [/^centos(-| )stream/i, 'centos-stream'],
  [/^centos/i, 'centos'],
];

const archNames: Record<string, string> = { amd64: 'x86_64', arm64: 'aarch64', ppc64el: 'ppc64le' };

/** Name of an architecture as ids have it, which is the kernel's; x86_64 when the medium does not tell. */
function archName(text: string | undefined): string {
  const name = (text ?? '').toLowerCase();
  if (!/^[a-z0-9_]{1,16}$/.test(name)) return 'x86_64';
  return archNames[name] ?? name;
}

/** Lines as long as a real marker's at most: a crafted one must not keep the patterns busy. */
function linesOf(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.slice(0, 512));
}

/** A short plain text for messages and names, whatever the marker holds. */
function plain(text: string | undefined): string {
  return (text ?? '')
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 80);
}

/** 9.4.0 is spoken of as 9.4. */
function shortVersion(text: string): string {
  const [version] = /^\d+(\.\d+){0,2}/.exec(text) ?? [''];
  return version.replace(/^(\d+\.\d+)\.0$/, '$1');
}

function anaconda(product: string, version: string, arch: string | undefined): Finding {
  const os = kin.find(([pattern]) => pattern.test(product))?.[1];
  const short = shortVersion(version);
  return {
    os,
    family: 'rhel',
    osrelease: os && short ? `${os}${short}` : '',
    version: short,
    arch: archName(arch),
    buildId: '',
    name: plain(`${product} ${short}`),
  };
}

/** `.treeinfo` of Red Hat Enterprise Linux and its kin: an INI file, sections [general] and [release]. */
export function readTreeinfo(text: string): Finding | undefined {
  const values = new Map<string, string>();
  let section = '';
  for (const line of linesOf(text)) {
    const header = /^\[([^\]]+)\]/.exec(line);
    if (header) section = header[1] ?? '';
    const pair = /^([\w.]+)\s*=\s*(.*)$/.exec(line);
    if (pair) values.set(`${section}.${pair[1]}`, (pair[2] ?? '').trim());
  }
  const product = values.get('general.family') ?? values.get('release.name');
  if (!product) return undefined;
  const version = values.get('general.version') ?? values.get('release.version') ?? '';
  return anaconda(product, version, values.get('general.arch') ?? values.get('tree.arch'));
}

/** `.discinfo`: a time stamp, the product with its version, the architecture, a line each. */
export function readDiscinfo(text: string): Finding | undefined {
  const [stamp = '', product = '', arch] = linesOf(text).map((line) => line.trim());
  if (!/^\d+(\.\d+)?$/.test(stamp) || product === '') return undefined;
  const [, name = '', version = ''] = /^(.*?)\s*(\d[\d.]*)?$/.exec(product) ?? [];
  return anaconda(name, version, arch);
}

/** `.disk/info` of Debian, Ubuntu and their kin: name, version, code name, architecture, date on a line. */
export function readDiskInfo(text: string): Finding | undefined {
  const [line = ''] = linesOf(text);
  const [, product, version = '', rest = ''] = /^(.+?)\s+(\d\S*|testing|unstable)\s*(.*)$/.exec(line) ?? [];
  if (!product) return line.trim() === '' ? undefined : unsupported(line.split(' ', 3).join(' '));
  if (!/^debian\b/i.test(product)) return unsupported(`${product} ${version}`);
  const short = shortVersion(version);
  return {
    os: 'debian',
    family: 'debian',
    osrelease: short ? `debian${short}` : `debian-${version}`,
    version: short,
    arch: archName(/\b(amd64|arm64|i386|ppc64el|s390x|armhf|riscv64|mips64el)\b/.exec(rest)?.[1]),
    buildId: '',
    name: plain(`${product} ${short || version}`),
  };
}

/** `media.1/media` of SUSE: the vendor and product on the first line. */
export function readSuseMedia(text: string): Finding | undefined {
  const [line = ''] = linesOf(text);
  return line.trim() === '' ? undefined : unsupported(/suse/i.test(line) ? line : `SUSE ${line}`);
}

/** `boot.cfg` of VMware ESXi: key=value lines, of which title or kernel name the product. */
export function readBootCfg(text: string): Finding | undefined {
  if (!linesOf(text).some((line) => /^(title|kernel|modules)=.*(esx|vmkernel|vmk|b\.b00)/i.test(line)))
    return undefined;
  const build = /^build=([\w.-]+)/im.exec(text)?.[1] ?? '';
  return unsupported(`VMware ESXi ${build}`);
}

/** Setup of Windows, on a medium that was made anew as ISO 9660. */
export const windowsFinding: Finding = {
  os: 'win',
  family: 'windows',
  osrelease: '',
  version: '',
  arch: 'x86_64',
  buildId: '',
  name: 'Windows',
};

function unsupported(name: string): Finding {
  return {
    os: undefined,
    family: undefined,
    osrelease: '',
    version: '',
    arch: '',
    buildId: '',
    name: plain(name),
  };
}
