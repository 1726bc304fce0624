/**
 * Predefined AutoYaST files for SUSE Linux Enterprise Server 12 and 15 and openSUSE Leap 15, written after SUSE's
 * AutoYaST guide. Root's password is "!", a locked account, and no other account exists: whoever deploys one adds
 * an account or a key in a custom unattend file or an installation script.
 */
import { comment } from './comment.ts';

export type AutoyastKind = 'Minimal' | 'Basic' | 'Virtualization-KVM';

interface Choice {
  readonly purpose: string;
  readonly patterns: readonly string[];
  /** The same in release 12, which has other patterns. */
  readonly patterns12: readonly string[];
  readonly packages: readonly string[];
  /** Modules of SUSE Linux Enterprise 15 the patterns come from. */
  readonly modules: readonly string[];
  readonly services: readonly string[];
}

const choices: Record<AutoyastKind, Choice> = {
  Minimal: {
    purpose: 'the smallest system that can be reached with SSH',
    patterns: ['minimal_base'],
    patterns12: ['Minimal'],
    packages: [],
    modules: ['Basesystem'],
    services: [],
  },
  Basic: {
    purpose: 'a server without a graphical desktop',
    patterns: ['base', 'enhanced_base'],
    patterns12: ['Minimal', 'base'],
    packages: ['rsync', 'vim'],
    modules: ['Basesystem', 'Server-Applications'],
    services: [],
  },
  'Virtualization-KVM': {
    purpose: 'a host for virtual machines (KVM and libvirt)',
    patterns: ['base', 'kvm_server'],
    patterns12: ['Minimal', 'base', 'kvm_server'],
    packages: ['libvirt-client'],
    modules: ['Basesystem', 'Server-Applications'],
    services: ['libvirtd'],
  },
};

/** The text of an AutoYaST file. `version`: number of the release, as in 15.6; unknown is taken for 15. */
export function autoyast(kind: AutoyastKind, system: { name: string; os: string; version: string }): string {
  const choice = choices[kind];
  const twelve = Number.parseInt(system.version, 10) === 12;
  const leap = /leap|opensuse/.test(system.os);
  const timeService = twelve ? { name: 'ntp', unit: 'ntpd' } : { name: 'chrony', unit: 'chronyd' };
  const packages = ['openssh', timeService.name, twelve ? 'SuSEfirewall2' : 'firewalld', ...choice.packages];
  const units = ['sshd', timeService.unit, ...choice.services];
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE profile>
<!-- ${comment(`AutoYaST file: ${kind}, ${choice.purpose}. For ${system.name}. It erases the first disk of the machine it installs.`)} -->
<!-- Root is locked. Add a user or a key in a custom unattend file to be able to sign in. -->
<profile xmlns="http://www.suse.com/1.0/yast2ns" xmlns:config="http://www.suse.com/1.0/configns">
  <general>
    <mode>
      <confirm config:type="boolean">false</confirm>
      <second_stage config:type="boolean">false</second_stage>
    </mode>
    <self_update config:type="boolean">false</self_update>
  </general>
${twelve || leap ? '' : `${addOns(choice.modules)}\n`}  <language>
    <language>en_US</language>
  </language>
  <keyboard>
    <keymap>english-us</keymap>
  </keyboard>
  <timezone>
    <hwclock>UTC</hwclock>
    <timezone>Etc/UTC</timezone>
  </timezone>
  <users config:type="list">
    <user>
      <username>root</username>
      <encrypted config:type="boolean">true</encrypted>
      <user_password>!</user_password>
    </user>
  </users>
  <!-- Every setting from DHCP, as the installation itself has them. -->
  <networking>
    <keep_install_network config:type="boolean">true</keep_install_network>
  </networking>
  <firewall>
    <enable_firewall config:type="boolean">true</enable_firewall>
    <start_firewall config:type="boolean">true</start_firewall>
${twelve ? '    <FW_CONFIGURATIONS_EXT>sshd</FW_CONFIGURATIONS_EXT>' : sshZone}
  </firewall>
  <!-- The first disk: everything on it goes. -->
  <partitioning config:type="list">
    <drive>
      <initialize config:type="boolean">true</initialize>
      <use>all</use>
      <partitions config:type="list">
        <partition>
          <mount>/boot/efi</mount>
          <filesystem config:type="symbol">vfat</filesystem>
          <partition_id config:type="integer">259</partition_id>
          <size>512M</size>
        </partition>
        <partition>
          <mount>swap</mount>
          <filesystem config:type="symbol">swap</filesystem>
          <size>auto</size>
        </partition>
        <partition>
          <mount>/</mount>
          <filesystem config:type="symbol">btrfs</filesystem>
          <size>max</size>
        </partition>
      </partitions>
    </drive>
  </partitioning>
  <bootloader>
    <loader_type>default</loader_type>
  </bootloader>
  <software>
${twelve ? '' : `${list('products', 'product', [leap ? 'Leap' : 'SLES'])}\n`}${list('patterns', 'pattern', twelve ? choice.patterns12 : choice.patterns)}
${list('packages', 'package', packages)}
  </software>
  <services-manager>
    <default_target>multi-user</default_target>
    <services>
${list('enable', 'service', units, 6)}
    </services>
  </services-manager>
</profile>
`;
}

const sshZone = `    <default_zone>public</default_zone>
    <zones config:type="list">
      <zone>
        <name>public</name>
        <services config:type="list">
          <service>ssh</service>
        </services>
      </zone>
    </zones>`;

/** Release 15 keeps its packages in modules; the Full medium has them in folders of their own. */
function addOns(modules: readonly string[]): string {
  const entries = modules.map(
    (name) => `      <listentry>
        <media_url>relurl://</media_url>
        <product>sle-module-${name.toLowerCase()}</product>
        <product_dir>/Module-${name}</product_dir>
      </listentry>`,
  );
  return `  <!-- From the Full medium. With the Online medium, put suse_register with a registration code in their place. -->
  <add-on>
    <add_on_products config:type="list">
${entries.join('\n')}
    </add_on_products>
  </add-on>`;
}

function list(name: string, item: string, values: readonly string[], indent = 4): string {
  const space = ' '.repeat(indent);
  const items = values.map((value) => `${space}  <${item}>${value}</${item}>\n`).join('');
  return `${space}<${name} config:type="list">\n${items}${space}</${name}>`;
}
