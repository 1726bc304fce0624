/** `media.1/media`, `media.1/products` and `content` of SUSE Linux Enterprise and openSUSE. */
import { archName, type Finding, linesOf, plain, shortVersion, unsupported } from './finding.ts';

/** Releases AutoYaST files are written for here; from 16 on Agama installs, which has profiles of its own. */
const first = 12;
const firstAgama = 16;

// A name like SLE-15-SP6-Full-x86_64-Build710.3: product, release, service pack, medium, architecture.
const label =
  /\b(SLES?|openSUSE(?:-Leap)?)-(\d+(?:\.\d+)?)(?:-SP(\d))?((?:-[A-Za-z]+)*)-(x86_64|aarch64|ppc64le|s390x)\b/;
// The media that install a server; others hold packages, sources or another product.
const installs = /^(-(DVD|Server|Installer|Full|Online|NET|SAP))*$/i;

/** `media.1/media`: the vendor and the medium's name on the first line, the name alone on the second. */
export function readSuseMedia(text: string): Finding | undefined {
  const [line = '', next = ''] = linesOf(text);
  if (line.trim() === '') return undefined;
  const found = label.exec(line) ?? label.exec(next);
  // An older one has only the vendor and a date; its products say the rest.
  if (!found && /^SUSE( Linux\b.*)?$/i.test(line.trim())) return undefined;
  const [, product = '', release = '', pack, medium = '', arch] = found ?? [];
  if (!found || !installs.test(medium) || /source/i.test(line))
    return unsupported(/suse/i.test(line) ? line : `SUSE ${line}`);
  return suseProduct(product, pack ? `${release}.${pack}` : release, arch);
}

/** `media.1/products`: a folder, a product and its version on each line, as in "/ SLES12-SP5 12.5-0". */
export function readSuseProducts(text: string): Finding | undefined {
  const [line = ''] = linesOf(text);
  const [, product, version = '', arch] =
    /^(?:\/\S*\s+)?([A-Za-z]\S*)\s+(\d[\d.]*)(?:-\S*)?(?:\s+(\S+))?\s*$/.exec(line) ?? [];
  return product === undefined ? undefined : suseProduct(product, version, arch);
}

/** The architecture in `content`, which media before 15 have. */
export function suseContentArch(text: string): string {
  return archName(/^(?:DEFAULTBASE|BASEARCHS)\s+(\S+)/m.exec(text)?.[1]);
}

/** By the name of a product and its number, where a service pack is the part behind the dot. */
export function suseProduct(product: string, version: string, arch: string | undefined): Finding {
  const leap = /leap(?!-?micro)/i.test(product);
  const others = /micro|desktop|sdk|software|module|\bhpc|\brt\b|high/i;
  const server =
    leap || (/^(SLES?(?![A-Za-z])|SUSE[- ]Linux[- ]Enterprise)/i.test(product) && !others.test(product));
  const number = shortVersion(version.replace(/^(\d+)[- ]SP(\d)/i, '$1.$2'));
  if (!server || number === '') {
    return unsupported(`${/suse/i.test(product) ? '' : 'SUSE '}${product} ${version}`);
  }
  const major = Number.parseInt(number, 10);
  const packs = !leap && major < firstAgama;
  const short = packs ? number.replace(/\.0$/, '') : number;
  const spoken = packs ? short.replace('.', ' SP') : short;
  const name = `${leap ? 'openSUSE Leap' : 'SUSE Linux Enterprise Server'} ${spoken}`;
  if (major < first) return unsupported(`${name}, older than ${first},`);
  if (major >= firstAgama) return unsupported(`${name}, whose installer is Agama,`);
  const os = leap ? 'opensuse-leap' : 'sles';
  return {
    os,
    family: 'sles',
    osrelease: `${os}${short}`,
    version: short,
    arch: arch === undefined ? '' : archName(arch),
    buildId: '',
    name: plain(name),
  };
}
