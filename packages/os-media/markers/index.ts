/**
 * Tells an operating system by the marker files on its medium. Each reader takes the text of one marker and
 * gives what it says, or undefined; nothing it gives is longer than a line of plain characters.
 */
import type { IsoImage } from '../iso9660.ts';
import { readDiscinfo, readTreeinfo } from './anaconda.ts';
import { readDiskInfo } from './disk-info.ts';
import { readBootCfg, readUpgradeMetadata } from './esxi.ts';
import { type Finding, unsupported } from './finding.ts';
import { readSuseMedia, readSuseProducts, suseContentArch } from './suse.ts';

export type { Finding } from './finding.ts';

// SUSE's before .treeinfo, which newer SUSE media have as well.
const markers: readonly [path: string, read: (text: string) => Finding | undefined][] = [
  ['media.1/media', readSuseMedia],
  ['media.1/products', readSuseProducts],
  ['.treeinfo', readTreeinfo],
  ['.discinfo', readDiscinfo],
  ['.disk/info', readDiskInfo],
  ['boot.cfg', readBootCfg],
  ['efi/boot/boot.cfg', readBootCfg],
];
const maxMarkerSize = 256 * 1024;

/** Setup of Windows, on a medium that was made anew as ISO 9660. */
const windows: Finding = {
  os: 'win',
  family: 'windows',
  osrelease: '',
  version: '',
  arch: 'x86_64',
  buildId: '',
  name: 'Windows',
};

/** What the markers on `iso` say, or undefined when there are none. Throws Problem wrong_content (damaged). */
export async function findSystem(iso: IsoImage): Promise<Finding | undefined> {
  for (const [path, read] of markers) {
    const found = await readMarker(iso, path, read);
    if (found) return await complete(iso, found);
  }
  return (await iso.has('sources/boot.wim')) ? windows : undefined;
}

async function readMarker(
  iso: IsoImage,
  path: string,
  read: (text: string) => Finding | undefined,
): Promise<Finding | undefined> {
  const bytes = await iso.read(path, maxMarkerSize);
  return bytes && read(bytes.toString('utf8'));
}

/** What a second look at the medium adds for families whose first marker does not say everything. */
async function complete(iso: IsoImage, found: Finding): Promise<Finding> {
  if (found.family === 'esxi' && found.osrelease === '')
    return (await readMarker(iso, 'upgrade/metadata.xml', readUpgradeMetadata)) ?? found;
  // The older installer of the same release reads preseed files only; the one with autoinstall is a live system.
  if (found.family === 'ubuntu' && !(await iso.has('casper')))
    return unsupported(`${found.name} with the Debian installer`);
  if (found.family === 'sles' && found.arch === '') {
    const content = await iso.read('content', maxMarkerSize);
    return { ...found, arch: suseContentArch(content?.toString('utf8') ?? '') };
  }
  return found;
}
