/** The predefined profiles a base image yields, each with its predefined unattend file. */
import type { OsFamily } from './families.ts';
import type { MediaIdentity } from './identify.ts';
import { profileName } from './slug.ts';
import { autoinstall } from './unattend/autoinstall.ts';
import { autoyast } from './unattend/autoyast.ts';
import { esxiKickstart } from './unattend/esxi-kickstart.ts';
import { kickstart } from './unattend/kickstart.ts';
import { preseed } from './unattend/preseed.ts';
import { windowsUnattend } from './unattend/windows.ts';

export interface UnattendFile {
  readonly name: string;
  readonly content: string;
}

export interface PredefinedProfile {
  /** `<image>|<image>-<arch>-install-<kind>`: contract, section 4. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly unattend: readonly UnattendFile[];
}

interface Kind {
  readonly kind: string;
  readonly description: string;
  readonly content: (identity: MediaIdentity) => string;
}

const kinds: Record<OsFamily, { readonly extension: string; readonly kinds: readonly Kind[] }> = {
  rhel: {
    extension: '.ks',
    kinds: [
      { kind: 'Minimal', description: 'Minimal installation', content: (id) => kickstart('Minimal', id) },
      { kind: 'Basic', description: 'Server without a desktop', content: (id) => kickstart('Basic', id) },
      {
        kind: 'Virtualization',
        description: 'Host for virtual machines',
        content: (id) => kickstart('Virtualization', id),
      },
    ],
  },
  sles: {
    extension: '.xml',
    kinds: [
      { kind: 'Minimal', description: 'Minimal installation', content: (id) => autoyast('Minimal', id) },
      { kind: 'Basic', description: 'Server without a desktop', content: (id) => autoyast('Basic', id) },
      {
        kind: 'Virtualization-KVM',
        description: 'Host for virtual machines',
        content: (id) => autoyast('Virtualization-KVM', id),
      },
    ],
  },
  debian: {
    extension: '.cfg',
    kinds: [
      { kind: 'Minimal', description: 'Base system with SSH', content: (id) => preseed('Minimal', id) },
      { kind: 'Basic', description: 'Standard system with SSH', content: (id) => preseed('Basic', id) },
    ],
  },
  ubuntu: {
    extension: '.yaml',
    kinds: [
      { kind: 'Minimal', description: 'Minimal server', content: (id) => autoinstall('Minimal', id) },
      { kind: 'Server', description: 'Server without a desktop', content: (id) => autoinstall('Server', id) },
    ],
  },
  windows: {
    extension: '.xml',
    kinds: [
      {
        kind: 'Standard',
        description: 'Standard with desktop',
        content: (id) => windowsUnattend('Standard', id),
      },
      {
        kind: 'Standard_core',
        description: 'Standard, Server Core',
        content: (id) => windowsUnattend('Standard_core', id),
      },
      {
        kind: 'Datacenter',
        description: 'Datacenter with desktop',
        content: (id) => windowsUnattend('Datacenter', id),
      },
      {
        kind: 'Datacenter_core',
        description: 'Datacenter, Server Core',
        content: (id) => windowsUnattend('Datacenter_core', id),
      },
    ],
  },
  esxi: {
    extension: '.cfg',
    kinds: [{ kind: 'Virtualization', description: 'Host for virtual machines', content: esxiKickstart }],
  },
};

/** The predefined profiles of an image under the id `imageId`. The same identity gives the same bytes. */
export function predefinedProfiles(identity: MediaIdentity, imageId: string): PredefinedProfile[] {
  const family = kinds[identity.family];
  return family.kinds.map(({ kind, description, content }) => {
    const name = profileName(imageId, identity.arch, kind);
    return {
      id: `${imageId}|${name}`,
      name,
      description,
      unattend: [{ name: `${name}${family.extension}`, content: content(identity) }],
    };
  });
}
