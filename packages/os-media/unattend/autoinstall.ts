/**
 * Predefined autoinstall files for Ubuntu Server, written after Canonical's autoinstall reference. No account is
 * made and Ubuntu locks root by itself: whoever deploys one adds an account or a key in a custom unattend file.
 * The reference allows to leave `identity` out when there is `user-data`.
 */

export type AutoinstallKind = 'Minimal' | 'Server';

const choices: Record<AutoinstallKind, { purpose: string; source: string; packages: readonly string[] }> = {
  Minimal: {
    purpose: 'the smallest system that can be reached with SSH',
    source: 'ubuntu-server-minimal',
    packages: [],
  },
  Server: {
    purpose: 'a server without a graphical desktop',
    source: 'ubuntu-server',
    packages: ['chrony', 'rsync', 'vim'],
  },
};

/** The text of an autoinstall file. `version`: number of the release, as in 22.04.3; may be empty. */
export function autoinstall(kind: AutoinstallKind, system: { name: string; version: string }): string {
  const { purpose, source, packages } = choices[kind];
  // Before release 22 there was one choice of what to install only.
  const older = (Number.parseInt(system.version, 10) || 22) < 22;
  const added = packages.map((name) => `    - ${name}\n`).join('');
  return `#cloud-config
# Autoinstall file: ${kind}, ${purpose}.
# For ${system.name}. It erases the largest disk of the machine it installs.
# Hand it to the installer under the name user-data. Root is locked and no user is made: add identity,
# or authorized-keys and user-data, in a custom unattend file to be able to sign in.
autoinstall:
  version: 1
  refresh-installer:
    update: false
  locale: en_US.UTF-8
  keyboard:
    layout: us
  # Network: without a section for it, every setting comes from DHCP.
  apt:
    geoip: false
${older ? '' : `  source:\n    id: ${source}\n`}  # Disk: everything is erased, then laid out by the installer on LVM
  storage:
    layout:
      name: lvm
  ssh:
    install-server: true
    allow-pw: false
${added && `  packages:\n${added}`}  user-data:
    timezone: Etc/UTC
    disable_root: true
    users: []
`;
}
