/** Puts base images and profiles in through the front door. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImportOrder, RestClient } from './client.ts';
import { udfImage } from './udf.ts';

/** Where each kind of file goes in a profile's customizationOptions (contract, 6.1). */
const options: Record<string, readonly [string, string]> = {
  BOOT: ['bootOptions', 'bootFileIds'],
  DUD: ['driverOptions', 'driverIds'],
  SCRIPT: ['installScriptOptions', 'installScriptIds'],
  SOFTWARE: ['customSoftwareOptions', 'customSoftwareIds'],
  UNATTEND: ['unattendOptions', 'unattendFileIds'],
  CONFIG: ['customConfigOptions', 'customConfigFileIds'],
};

/**
 * Imports all files, the base image first, and makes a customized profile `name` of them. Gives its id.
 * `base` is the end of the predefined profile's id, such as Minimal.
 */
export async function makeSampleProfile(
  client: RestClient,
  files: readonly ImportOrder[],
  name = 'web',
  base = 'Minimal',
): Promise<string> {
  const image = files.find((file) => file.imageType === 'OS');
  if (!image) throw new Error('a base image is needed');
  const imageId = await client.imported(image);
  return await addProfile(client, `${imageId}|${imageId}-x86_64-install-${base}`, files, name);
}

/** Imports the files that are not images and makes a customized profile of them from `baseId`. */
export async function addProfile(
  client: RestClient,
  baseId: string,
  files: readonly ImportOrder[],
  name: string,
): Promise<string> {
  const customizationOptions: Record<string, Record<string, string[]>> = {};
  for (const file of files.filter(({ imageType }) => imageType !== 'OS')) {
    const [group, list] = options[file.imageType]!;
    customizationOptions[group] ??= { [list]: [] };
    customizationOptions[group][list]!.push(await client.imported(file));
  }
  return await client.createProfile(baseId, { name, customizationOptions });
}

/** Imports a stand-in for a Windows medium; gives the image's id, which is `osrelease`. */
export async function importWindows(client: RestClient, folder: string, osrelease: string): Promise<string> {
  const path = join(folder, `${osrelease}.iso`);
  await writeFile(path, udfImage());
  return await client.imported({ imageType: 'OS', path, name: `${osrelease}.iso`, os: 'win', osrelease });
}
