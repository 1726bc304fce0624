/** What an operating-system image is: by the marker files on it, and by what its importer says. */
import { Problem } from '@osimage/errors';
import { type ByteSource, withByteSource } from './byte-source.ts';
import { familyOf, type OsFamily } from './families.ts';
import { type IsoImage, openIso } from './iso9660.ts';
import { type Finding, findSystem } from './markers/index.ts';
import { imageId } from './slug.ts';
import { isUdf } from './udf.ts';

export interface MediaIdentity {
  readonly family: OsFamily;
  /** For example rhels, alma, debian, win. */
  readonly os: string;
  /** Usable as the id of the base image, for example rhels9.4. */
  readonly osrelease: string;
  /** Number of the release, for example 9.4; empty when nothing tells. */
  readonly version: string;
  /** As the kernel calls it, for example x86_64. */
  readonly arch: string;
  /** Tells builds of one release apart where a family has such a thing; only ESXi's say one. */
  readonly buildId: string;
  /** For people, for example "Red Hat Enterprise Linux 9.4". */
  readonly name: string;
}

/** What the importer says; both may be missing. `name` is only for the words of an error. */
export interface MediaHint {
  readonly os?: string;
  readonly osrelease?: string;
  readonly name?: string;
}

/**
 * Identifies the image at `path`. What the medium says of itself decides; `hint` fills in what it does not
 * say, and an explicit osrelease names the image in any case. Throws Problem wrong_content (neither ISO 9660
 * nor UDF, damaged, cut off, or of another family than `hint` says), os_not_supported, os_unknown or
 * invalid_request (an osrelease that cannot be an id).
 */
export async function identifyMedia(
  path: string,
  hint: MediaHint,
  signal?: AbortSignal,
): Promise<MediaIdentity> {
  const name = hint.name ?? 'the image';
  return await withByteSource(path, { name, type: 'OS' }, signal, async (source) => {
    const iso = await checkDisc(source);
    const found = iso && (await findSystem(iso));
    if (found && !found.family) throw new Problem('os_not_supported', { found: found.name });
    return settle(source, found, hint, name);
  });
}

/**
 * Checks that `source` is an ISO 9660 or UDF image, complete as far as its descriptors tell. Gives its
 * ISO 9660 part, or undefined when it is UDF alone. Throws Problem wrong_content.
 */
export async function checkDisc(source: ByteSource): Promise<IsoImage | undefined> {
  const iso = await openIso(source);
  const udf = await isUdf(source);
  if (!iso && !udf) throw source.wrong('it has neither an ISO 9660 nor a UDF file system');
  return iso;
}

function settle(
  source: ByteSource,
  found: Finding | undefined,
  hint: MediaHint,
  name: string,
): MediaIdentity {
  const { os = '', osrelease = '' } = hint;
  const hinted = familyOf(os) ?? familyOf(osrelease);
  if (os !== '' && !familyOf(os))
    throw new Problem('os_not_supported', { found: `The operating system ${plain(os)}` });
  if (found && hinted && hinted !== found.family) {
    throw source.wrong(`it holds ${found.name}, which is not what os and osrelease say`);
  }
  // An Anaconda medium of an unknown product is one of the kin only when its importer says so.
  const family = found?.os ? found.family : hinted;
  const release = osrelease || found?.osrelease;
  if (!family || !release) throw new Problem('os_unknown', { name });
  return {
    family,
    os: found?.os ?? (os || release.replace(/-?\d.*$/, '')).trim().toLowerCase(),
    osrelease: imageId(release),
    // The numbers of an unknown product are not those of the kin.
    version: (found?.os && found.version) || versionIn(release),
    arch: found?.arch ?? 'x86_64',
    buildId: found?.buildId ?? '',
    name: found?.name || plain(release),
  };
}

/** The number in the name of a release: 9.4 in rhels9.4, 2012r2 in win2012r2; empty in a name of another kind. */
function versionIn(release: string): string {
  if (!familyOf(release)) return '';
  return /\d+(\.\d+)*(r2)?/i.exec(release)?.[0].toLowerCase() ?? '';
}

function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, '?').slice(0, 40);
}
