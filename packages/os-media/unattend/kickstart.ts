/**
 * Predefined Kickstart files for Red Hat Enterprise Linux and its kin, written after the "Kickstart commands
 * and options reference" of RHEL 7 to 10. Root is locked and no other account exists: whoever deploys one
 * adds an account or a key in a custom unattend file or an installation script.
 */

export type KickstartKind = 'Minimal' | 'Basic' | 'Virtualization';

interface Choice {
  readonly purpose: string;
  /** Environment group since release 8, and before. */
  readonly environment: string;
  readonly environment7: string;
  readonly packages: readonly string[];
  readonly services: readonly string[];
}

const choices: Record<KickstartKind, Choice> = {
  Minimal: {
    purpose: 'the smallest system that can be reached with SSH',
    environment: 'minimal-environment',
    environment7: 'minimal',
    packages: ['chrony', 'openssh-server'],
    services: ['sshd', 'chronyd'],
  },
  Basic: {
    purpose: 'a server without a graphical desktop',
    environment: 'server-product-environment',
    environment7: 'infrastructure-server-environment',
    packages: ['chrony', 'openssh-server', 'rsync', 'tar', 'vim-enhanced'],
    services: ['sshd', 'chronyd'],
  },
  Virtualization: {
    purpose: 'a host for virtual machines (KVM and libvirt)',
    environment: 'virtualization-host-environment',
    environment7: 'virtualization-host-environment',
    packages: ['chrony', 'libvirt', 'openssh-server', 'qemu-kvm', 'tuned'],
    services: ['sshd', 'chronyd', 'tuned'],
  },
};

/** The text of a Kickstart file. `version`: number of the release, as in 9.4; unknown is taken for a present one. */
export function kickstart(kind: KickstartKind, system: { name: string; version: string }): string {
  const choice = choices[kind];
  const major = Number.parseInt(system.version, 10) || 9;
  const seven = major <= 7;
  return `# Kickstart file: ${kind}, ${choice.purpose}.
# For ${system.name}. It erases every disk of the machine it installs.
# Root is locked. Add "user" or "sshkey" commands in a custom unattend file to be able to sign in.

# Mode and source of the installation
text
cdrom
eula --agreed
firstboot --disable
reboot --eject

# Language, keyboard, time
lang en_US.UTF-8
keyboard --vckeymap=us --xlayouts='us'
timezone Etc/UTC --utc

# Accounts and security
${seven ? 'auth --enableshadow --passalgo=sha512\n' : ''}rootpw --lock
selinux --enforcing
firewall --enabled --ssh
services --enabled=${choice.services.join(',')}

# Network: every setting from DHCP, on the first device with a link
network --bootproto=dhcp --device=link --onboot=yes --activate

# Disks: everything is erased, then laid out by the installer on LVM
zerombr
clearpart --all --initlabel
autopart --type=lvm
bootloader --timeout=5

%packages
@^${seven ? choice.environment7 : choice.environment}
${choice.packages.join('\n')}
%end

%addon com_redhat_kdump --${kind === 'Minimal' ? 'disable' : 'enable'}
%end

%post --log=/root/osimage-post.log
set -eu
systemctl set-default multi-user.target
${kind === 'Virtualization' ? `${virtualization(major)}\n` : ''}%end
`;
}

/** Since release 9 libvirt runs as one daemon for each driver, started by its socket. */
function virtualization(major: number): string {
  const units = major >= 9 ? 'virtqemud.socket virtnetworkd.socket virtstoraged.socket' : 'libvirtd.service';
  return `systemctl enable ${units}\ntuned-adm profile virtual-host || true`;
}
