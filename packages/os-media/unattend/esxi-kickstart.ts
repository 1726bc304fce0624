/**
 * The predefined Kickstart file for VMware ESXi, written after VMware's reference of installation script commands.
 * It demands a password for root and knows no locked account. A predefined file holds no secret, so it has no rootpw
 * at all: the installer stops before it touches a disk, and a custom unattend file brings the line.
 */

/** The text of a Kickstart file for ESXi. */
export function esxiKickstart(system: { name: string }): string {
  return `# Kickstart file: Virtualization, a host for virtual machines.
# For ${system.name}. It erases the first disk of the machine it installs, with any VMFS datastore on it.
# It is not complete: the installer needs a password for root and stops without one. Put a copy of this file
# with a rootpw command of your own, best with a crypted password, into the profile as a custom unattend file.

vmaccepteula

# Disk: local ones first, then remote, then USB
install --firstdisk --overwritevmfs

# Network: every setting from DHCP
network --bootproto=dhcp --device=vmnic0 --addvmportgroup=1

reboot
`;
}
