/** Which file names each image type takes: the table of the contract, section 5.2, and names nobody may use. */
import { Problem } from '@osimage/errors';
import { familyOf, type OsFamily } from './families.ts';

/** Endings of an image type for each family, or for all; undefined: any name, the content decides. */
type Endings = Readonly<Record<OsFamily, readonly string[]>> | undefined;

/** One table row: what the Linux families have in common, what differs, and ESXi, which has the least. */
function row(
  linux: readonly string[],
  others: Partial<Record<OsFamily, readonly string[]>> & { windows: readonly string[] },
): Endings {
  return { rhel: linux, sles: linux, debian: linux, ubuntu: linux, esxi: [], ...others };
}

const table: Readonly<Record<string, Endings>> = {
  OS: row(['.iso'], { windows: ['.iso'], esxi: ['.iso'] }),
  BOOT: row([], { windows: ['.zip'] }),
  // The contract names a format here, not an extension.
  CONFIG: undefined,
  DUD: row(['.iso', '.rpm'], { windows: ['.zip'] }),
  SCRIPT: row(['.sh', '.pm', '.pl', '.py'], { windows: ['.cmd', '.ps1'] }),
  SOFTWARE: row(['.tar.gz'], { windows: ['.zip'] }),
  // Of every family: what is inside says for which.
  OSPROFILE: row(['.tar.gz'], { windows: ['.tar.gz'], esxi: ['.tar.gz'] }),
  BUNDLE: row([], { windows: ['.zip'] }),
  BUNDLESIG: row([], { windows: ['.asc'] }),
  // Ubuntu is an addition to the contract; its installer looks for a file that is named user-data.
  UNATTEND: row(['.ks', '.cfg'], {
    sles: ['.xml'],
    debian: ['.cfg'],
    ubuntu: ['.yaml', '.yml', 'user-data'],
    windows: ['.xml'],
    esxi: ['.cfg', '.ks'],
  }),
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
  checkPlainName(name);
  if (!Object.hasOwn(table, imageType)) {
    throw new Problem('invalid_request', {
      detail: `The image type ${printable(imageType)} cannot be imported.`,
    });
  }
  const allowed = allowedExtensions(imageType, os);
  if (!allowed || allowed.some((extension) => hasExtension(name, extension))) return;
  if (allowed.length === 0) {
    throw new Problem('option_not_supported', {
      detail: `Files of type ${imageType} are ${whose(imageType)}.`,
    });
  }
  throw new Problem('wrong_extension', {
    type: imageType,
    allowed: allowed.join(' or '),
    name: printable(name),
  });
}

/** Checks a name that may have any extension. Throws Problem bad_name. */
export function checkPlainName(name: string): void {
  const detail = nameFault(name);
  if (detail) throw new Problem('bad_name', { name: printable(name), detail });
}

/** The extensions (or, without a dot, whole names) a type may have; undefined when it may have any, empty when the family has no such files. */
export function allowedExtensions(imageType: string, os = ''): readonly string[] | undefined {
  const extensions = Object.hasOwn(table, imageType) ? table[imageType] : undefined;
  if (!extensions) return undefined;
  const family = familyOf(os);
  return family ? extensions[family] : [...new Set(Object.values(extensions).flat())];
}

/** Whether `name` ends in `extension`, case ignored, with something before it, or is the whole name one without a dot says. */
export function hasExtension(name: string, extension: string): boolean {
  if (!extension.startsWith('.')) return name.toLowerCase() === extension;
  return name.length > extension.length && name.toLowerCase().endsWith(extension);
}

/** Whose files of a type are, for a family that has none. */
function whose(imageType: string): string {
  return table[imageType]?.rhel.length === 0 ? 'for Windows only' : 'not for VMware ESXi';
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
