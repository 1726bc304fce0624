/**
 * Predefined preseed files for Debian, written after appendix B of the Debian installation guide. Root's
 * password is "!", which the guide defines as a disabled account, and no user is made: whoever deploys one
 * adds an account or a key in a custom unattend file or an installation script.
 */

export type PreseedKind = 'Minimal' | 'Basic';

const choices: Record<PreseedKind, { purpose: string; tasks: string; packages: string }> = {
  Minimal: {
    purpose: 'the base system that can be reached with SSH',
    tasks: '',
    packages: 'openssh-server',
  },
  Basic: {
    purpose: 'the standard system with SSH and the usual tools',
    tasks: 'standard, ssh-server',
    packages: 'chrony rsync sudo vim',
  },
};

/** The text of a preseed file. `version`: number of the release, as in 12.5; may be empty. */
export function preseed(kind: PreseedKind, system: { name: string; version: string }): string {
  const { purpose, tasks, packages } = choices[kind];
  const major = Number.parseInt(system.version, 10) || 12;
  // Firmware has been an archive area of its own since release 12.
  const firmware = major >= 12 ? 'd-i apt-setup/non-free-firmware boolean true\n' : '';
  return `#_preseed_V1
# Preseed file: ${kind}, ${purpose}.
# For ${system.name}. It erases the first disk of the machine it installs.
# Root is disabled and no user is made. Preseed passwd/user-password-crypted in a custom
# unattend file to be able to sign in.

### Language, keyboard
d-i debian-installer/locale string en_US.UTF-8
d-i keyboard-configuration/xkb-keymap select us

### Network: every setting from DHCP, on the first device with a link
d-i netcfg/choose_interface select auto
d-i netcfg/get_hostname string unassigned-hostname
d-i netcfg/get_domain string unassigned-domain
d-i netcfg/wireless_wep string

### Package source: the medium first, then the mirror
d-i apt-setup/cdrom/set-first boolean false
d-i mirror/country string manual
d-i mirror/http/hostname string deb.debian.org
d-i mirror/http/directory string /debian
d-i mirror/http/proxy string
${firmware}d-i apt-setup/services-select multiselect security, updates
d-i apt-setup/security_host string security.debian.org
d-i hw-detect/load_firmware boolean true

### Accounts
d-i passwd/root-login boolean true
d-i passwd/root-password-crypted password !
d-i passwd/make-user boolean false

### Time
d-i clock-setup/utc boolean true
d-i time/zone string Etc/UTC
d-i clock-setup/ntp boolean true

### Disk: everything is erased, then laid out by the installer on LVM
d-i partman-auto/method string lvm
d-i partman-auto-lvm/guided_size string max
d-i partman-auto/choose_recipe select atomic
d-i partman-lvm/device_remove_lvm boolean true
d-i partman-md/device_remove_md boolean true
d-i partman-lvm/confirm boolean true
d-i partman-lvm/confirm_nooverwrite boolean true
d-i partman-partitioning/confirm_write_new_label boolean true
d-i partman/choose_partition select finish
d-i partman/confirm boolean true
d-i partman/confirm_nooverwrite boolean true

### Packages
tasksel tasksel/first multiselect ${tasks}
d-i pkgsel/include string ${packages}
d-i pkgsel/upgrade select safe-upgrade
popularity-contest popularity-contest/participate boolean false

### Boot loader
d-i grub-installer/only_debian boolean true
d-i grub-installer/with_other_os boolean true
d-i grub-installer/bootdev string default

### End
d-i finish-install/reboot_in_progress note
d-i cdrom-detect/eject boolean true
`;
}
