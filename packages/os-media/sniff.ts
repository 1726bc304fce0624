/**
 * Whether the content of a file is what its image type says (contract, section 5.2). Checks look at the parts
 * that tell the format, not at every byte: a damaged movie inside a zip is still a zip. Messages say what was
 * found and never quote it.
 */
import { type ByteSource, withByteSource } from './byte-source.ts';
import { familyOf, type OsFamily } from './families.ts';
import { hasExtension } from './file-types.ts';
import { checkDisc } from './identify.ts';
import { checkRpm, checkTarGz, checkZip } from './sniff-archives.ts';
import { checkJsonObject, checkPlainText, checkScript, checkSignature } from './sniff-text.ts';
import { checkAutoinstall, checkXmlAnswers } from './sniff-unattend.ts';

type Check = (source: ByteSource, family: OsFamily | undefined) => Promise<unknown>;

// By type, then by the first fitting extension; '' is any.
const checks: Readonly<Record<string, readonly (readonly [extension: string, check: Check])[]>> = {
  OS: [['', checkDisc]],
  BOOT: [['', checkZip]],
  CONFIG: [['', checkJsonObject]],
  DUD: [
    ['.iso', checkDisc],
    ['.rpm', checkRpm],
    ['.zip', checkZip],
  ],
  SCRIPT: [['', checkScript]],
  SOFTWARE: [
    ['.tar.gz', checkTarGz],
    ['.zip', checkZip],
  ],
  // Whose archive it is, its reader finds out.
  OSPROFILE: [['', checkTarGz]],
  BUNDLE: [['', checkZip]],
  BUNDLESIG: [['', checkSignature]],
  UNATTEND: [
    ['.xml', checkXmlAnswers],
    ['.yaml', checkAutoinstall],
    ['.yml', checkAutoinstall],
    ['user-data', checkAutoinstall],
    ['', checkPlainText],
  ],
};

/**
 * Checks the content of a file, given by its path or as bytes, which the user knows as `name`. Throws Problem wrong_content, or
 * the signal's reason when it aborts. A name whose extension the type does not take is wrong content as well.
 * `os`, where the importer names one, tells which system's unattend file it must be.
 */
export async function checkContent(
  imageType: string,
  name: string,
  content: string | Buffer,
  signal?: AbortSignal,
  os = '',
): Promise<void> {
  await withByteSource(content, { name, type: imageType }, signal, async (source) => {
    const ofType = Object.hasOwn(checks, imageType) ? checks[imageType] : undefined;
    const check = ofType?.find(([extension]) => extension === '' || hasExtension(name, extension))?.[1];
    if (!check) throw source.wrong('no file of this name and type is known');
    if (source.size === 0) throw source.wrong('it is empty');
    await check(source, familyOf(os));
  });
}
