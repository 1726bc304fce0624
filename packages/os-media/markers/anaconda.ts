/** `.treeinfo` and `.discinfo`: Red Hat Enterprise Linux and its kin. SUSE has a .treeinfo as well. */
import { archName, type Finding, linesOf, plain, shortVersion } from './finding.ts';
import { suseProduct } from './suse.ts';

// Names of products in .treeinfo and .discinfo, and what xCAT and the vendor's examples call them.
const kin: readonly [pattern: RegExp, os: string][] = [
  [/^red hat enterprise linux/i, 'rhels'],
  [/^almalinux/i, 'alma'],
  [/^rocky linux/i, 'rocky'],
  [/^oracle linux/i, 'ol'],
  [/^centos(-| )stream/i, 'centos-stream'],
  [/^centos/i, 'centos'],
];

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

/** `.treeinfo`: an INI file, sections [general] and [release]. */
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
  const arch = values.get('general.arch') ?? values.get('tree.arch');
  return /suse/i.test(product) ? suseProduct(product, version, arch) : anaconda(product, version, arch);
}

/** `.discinfo`: a time stamp, the product with its version, the architecture, a line each. */
export function readDiscinfo(text: string): Finding | undefined {
  const [stamp = '', product = '', arch] = linesOf(text).map((line) => line.trim());
  if (!/^\d+(\.\d+)?$/.test(stamp) || product === '') return undefined;
  const [, name = '', version = ''] = /^(.*?)\s*(\d[\d.]*)?$/.exec(product) ?? [];
  return anaconda(name, version, arch);
}
