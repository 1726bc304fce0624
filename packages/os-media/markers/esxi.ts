/** `boot.cfg` and `upgrade/metadata.xml` of VMware ESXi. */
import { type Finding, linesOf, plain, shortVersion } from './finding.ts';

/** `boot.cfg`: key=value lines, of which title, kernel or modules tell the product, and build the rest. */
export function readBootCfg(text: string): Finding | undefined {
  const lines = linesOf(text);
  if (!lines.some((line) => /^(title|kernel|modules)=.*(esx|vmkernel|vmk|b\.b00)/i.test(line)))
    return undefined;
  // 8.0.3-0.0.24022510: the release, then the numbers of its build.
  const build = lines.map((line) => /^build=(\d+\.\d+\.\d+)-(?:\d+\.)*(\d+)\s*$/i.exec(line)).find(Boolean);
  return esxi(build?.[1] ?? '', build?.[2] ?? '');
}

/** `upgrade/metadata.xml`, where boot.cfg of older media leaves the build empty. */
export function readUpgradeMetadata(text: string): Finding | undefined {
  const version = /<esxVersion>\s*(\d+\.\d+\.\d+)\s*</.exec(text)?.[1];
  const build = /<build>\s*(\d+)\s*</.exec(text)?.[1];
  return version === undefined ? undefined : esxi(version, build ?? '');
}

function esxi(version: string, buildId: string): Finding {
  const short = shortVersion(version);
  return {
    os: 'esxi',
    family: 'esxi',
    osrelease: short && `esxi${short}`,
    version: short,
    arch: 'x86_64',
    buildId: buildId.slice(0, 32),
    name: plain(`VMware ESXi ${short}`),
  };
}
