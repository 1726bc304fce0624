/** `.disk/info` of Debian, Ubuntu and their kin: name, version, code name, architecture, date on a line. */
import { archName, type Finding, linesOf, plain, shortVersion, unsupported } from './finding.ts';

/** Since this release the installer of Ubuntu Server reads autoinstall. */
const firstAutoinstall = 20;

export function readDiskInfo(text: string): Finding | undefined {
  const [line = ''] = linesOf(text);
  const [, product, version = '', rest = ''] = /^(.+?)\s+(\d\S*|testing|unstable)\s*(.*)$/.exec(line) ?? [];
  if (!product) return line.trim() === '' ? undefined : unsupported(line.split(' ', 3).join(' '));
  const arch = archName(/\b(amd64|arm64|i386|ppc64el|s390x|armhf|riscv64|mips64el)\b/.exec(rest)?.[1]);
  if (/^debian\b/i.test(product)) return debian(product, version, arch);
  if (/^ubuntu-server$/i.test(product)) return ubuntu(version, arch);
  return unsupported(/^ubuntu$/i.test(product) ? `Ubuntu Desktop ${version}` : `${product} ${version}`);
}

function debian(product: string, version: string, arch: string): Finding {
  const short = shortVersion(version);
  return {
    os: 'debian',
    family: 'debian',
    osrelease: short ? `debian${short}` : `debian-${version}`,
    version: short,
    arch,
    buildId: '',
    name: plain(`${product} ${short || version}`),
  };
}

/** 22.04 and its point release 22.04.3 are two media, so both keep their whole number. */
function ubuntu(version: string, arch: string): Finding {
  const number = /^\d+\.\d+(\.\d+)?/.exec(version)?.[0] ?? '';
  const name = `Ubuntu Server ${number || version}`;
  if (Number.parseInt(number, 10) < firstAutoinstall) {
    return unsupported(`${name}, whose installer knows no autoinstall,`);
  }
  return {
    os: 'ubuntu',
    family: 'ubuntu',
    osrelease: number && `ubuntu${number}`,
    version: number,
    arch,
    buildId: '',
    name: plain(name),
  };
}
