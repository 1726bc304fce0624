/** Which file names each image type takes: the table of the contract, section 5.2, and names nobody may use. */
import { Problem } from '@osimage/errors';
import { familyOf, type OsFamily } from './families.ts';

/** Extensions of an image type for each family, or for all; undefined: any name, the content decides. */
type Extensions = Readonly<Record<OsFamily, readonly string[]>> | undefined;

function everywhere(...extensions: string[]): Extensions {
  return { rhel: extensions, debian: extensions, windows: extensions };
}

const linuxScripts = ['.sh', '.pm', '.pl', '.py'];

const table: Readonly<Record<string, Extensions>> = {
  OS: everywhere('.iso'),
  BOOT: { rhel: [], debian: [], windows: ['.zip'] },
  // The contract names a format here, not an extension.
  CONFIG: undefined,
  DUD: { rhel: ['.iso', '.rpm'], debian: ['.iso', '.rpm'], windows: ['.zip'] },
  SCRIPT: { rhel: linuxScripts, debian: linuxScripts, windows: ['.cmd', '.ps1'] },
  SOFTWARE: { rhel: ['.tar.gz'], debian: ['.tar.gz'], windows: ['.zip'] },
  UNATTEND: { rhel: ['.ks', '.cfg'], debian: ['.cfg'], windows: ['.xml'] },
};

const maxNameBytes = 255;
// Windows cannot make files of these names, with any extension; archives are unpacked there as well.
const deviceName = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\.|$)/i;
// Direction marks make a name look like another one.
const controls = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

/**
 * Checks the name of a file to import. The extension must fit the family of `os` where the caller names one,
 * and any family otherwise. Throws Problem bad_name, wrong_extension or invalid_request (unknown type).
 */
export function checkFileName(imageType: string, name: string, os = ''): void {
  const detail = nameFault(name);
  if (detail) throw new Problem('bad_name', { name: printable(name), detail });
  if (!Object.hasOwn(table, imageType)) {
    throw new Problem('invalid_request', {
      detail: `The image type ${printable(imageType)} cannot be imported.`,
    });
  }
  const allowed = allowedExtensions(imageType, os);
  if (!allowed || allowed.some((extension) => hasExtension(name, extension))) return;
  if (allowed.length === 0) {
    throw new Problem('option_not_supported', { detail: `Files of type ${imageType} are for Windows only.` });
  }
  throw new Problem('wrong_extension', {
    type: imageType,
    allowed: allowed.join(' or '),
    name: printable(name),
  });
}

/** The extensions a type may have; undefined when it may have any, empty when the family has no such files. */
export function allowedExtensions(imageType: string, os = ''): readonly string[] | undefined {
  const extensions = Object.hasOwn(table, imageType) ? table[imageType] : undefined;
  if (!extensions) return undefined;
  const family = familyOf(os);
  return family ? extensions[family] : [...new Set(Object.values(extensions).flat())];
}

/** Whether `name` ends in `extension`, case ignored, with something before it. */
export function hasExtension(name: string, extension: string): boolean {
  return name.length > extension.length && name.toLowerCase().endsWith(extension);
}

function nameFault(name: string): string | undefined {
  if (name.trim() === '') return 'it is empty';
  if (name === '.' || name.startsWith('..')) return 'it stands for a folder';
  if (/[/\\]/.test(name)) return 'it has a folder in it';
  if (controls.test(name) || !name.isWellFormed()) return 'it has control characters in it';
  if (deviceName.test(name)) return 'Windows keeps it for a device';
  if (/[. ]$/.test(name)) return 'it ends in a dot or a space';
  if (Buffer.byteLength(name) > maxNameBytes) return `it is longer than ${maxNameBytes} bytes`;
  return undefined;
}

/** A name as it can stand in a message. */
function printable(name: string): string {
  return name.toWellFormed().replaceAll(new RegExp(controls, 'gu'), '?').slice(0, 80) || '""';
}
