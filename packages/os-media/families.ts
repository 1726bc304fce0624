/** The families of operating systems: what belongs to one, and what its profiles can carry. */

export type OsFamily = 'rhel' | 'sles' | 'debian' | 'ubuntu' | 'windows' | 'esxi';

// Names callers use for `os`, in the vendor's examples, xCAT's spelling and plain words.
const familyNames: Record<OsFamily, readonly string[]> = {
  rhel: [
    'rhel',
    'rhels',
    'rhelserver',
    'redhat',
    'redhatenterpriselinux',
    'centos',
    'centos-stream',
    'centosstream',
    'alma',
    'almalinux',
    'rocky',
    'rockylinux',
    'ol',
    'oracle',
    'oraclelinux',
  ],
  sles: [
    'sles',
    'sle',
    'suse',
    'suselinux',
    'suselinuxenterprise',
    'suselinuxenterpriseserver',
    'leap',
    'opensuse',
    'opensuse-leap',
    'opensuseleap',
  ],
  debian: ['debian'],
  ubuntu: ['ubuntu', 'ubuntu-server', 'ubuntuserver'],
  windows: ['win', 'windows', 'winserver', 'windowsserver'],
  esxi: ['esxi', 'esx', 'vmware', 'vmwareesxi', 'vsphere'],
};

const families = new Map(
  Object.entries(familyNames).flatMap(([family, names]) => names.map((name) => [name, family as OsFamily])),
);

/**
 * The family of an `os` or `osrelease` as a caller writes it ("win", "rhels", "rhels9.4", "Windows"), or
 * undefined when it is none that is supported.
 */
export function familyOf(os: string): OsFamily | undefined {
  const name = os.trim().toLowerCase().replaceAll(/[\s_]/g, '');
  return families.get(name) ?? families.get(name.replace(/-?\d.*$/, ''));
}

export interface SupportedImage {
  id: string;
  name: string;
  displayName: string;
  type: OsFamily;
}

const releases: readonly [type: OsFamily, id: string, displayName: string][] = [
  ['rhel', 'rhels7', 'Red Hat Enterprise Linux 7'],
  ['rhel', 'rhels8', 'Red Hat Enterprise Linux 8'],
  ['rhel', 'rhels9', 'Red Hat Enterprise Linux 9'],
  ['rhel', 'rhels10', 'Red Hat Enterprise Linux 10'],
  ['rhel', 'alma8', 'AlmaLinux 8'],
  ['rhel', 'alma9', 'AlmaLinux 9'],
  ['rhel', 'alma10', 'AlmaLinux 10'],
  ['rhel', 'rocky8', 'Rocky Linux 8'],
  ['rhel', 'rocky9', 'Rocky Linux 9'],
  ['rhel', 'rocky10', 'Rocky Linux 10'],
  ['rhel', 'ol8', 'Oracle Linux 8'],
  ['rhel', 'ol9', 'Oracle Linux 9'],
  ['rhel', 'centos7', 'CentOS 7'],
  ['rhel', 'centos-stream9', 'CentOS Stream 9'],
  ['rhel', 'centos-stream10', 'CentOS Stream 10'],
  ['sles', 'sles12.5', 'SUSE Linux Enterprise Server 12 SP5'],
  ['sles', 'sles15.4', 'SUSE Linux Enterprise Server 15 SP4'],
  ['sles', 'sles15.5', 'SUSE Linux Enterprise Server 15 SP5'],
  ['sles', 'sles15.6', 'SUSE Linux Enterprise Server 15 SP6'],
  ['sles', 'sles15.7', 'SUSE Linux Enterprise Server 15 SP7'],
  ['sles', 'opensuse-leap15.6', 'openSUSE Leap 15.6'],
  ['debian', 'debian11', 'Debian 11 (bullseye)'],
  ['debian', 'debian12', 'Debian 12 (bookworm)'],
  ['debian', 'debian13', 'Debian 13 (trixie)'],
  ['ubuntu', 'ubuntu20.04', 'Ubuntu Server 20.04 LTS'],
  ['ubuntu', 'ubuntu22.04', 'Ubuntu Server 22.04 LTS'],
  ['ubuntu', 'ubuntu24.04', 'Ubuntu Server 24.04 LTS'],
  ['ubuntu', 'ubuntu26.04', 'Ubuntu Server 26.04 LTS'],
  ['windows', 'win2012r2', 'Windows Server 2012 R2'],
  ['windows', 'win2016', 'Windows Server 2016'],
  ['windows', 'win2019', 'Windows Server 2019'],
  ['windows', 'win2022', 'Windows Server 2022'],
  ['windows', 'win2025', 'Windows Server 2025'],
  ['esxi', 'esxi6.7', 'VMware ESXi 6.7'],
  ['esxi', 'esxi7.0', 'VMware ESXi 7.0'],
  ['esxi', 'esxi8.0', 'VMware ESXi 8.0'],
  ['esxi', 'esxi9.0', 'VMware ESXi 9.0'],
];

/** The operating systems that can be imported, for `supportedImages` of GET /osImages (contract, section 4). */
export function supportedImages(): SupportedImage[] {
  return releases.map(([type, id, displayName]) => ({ id, name: id, displayName, type }));
}
