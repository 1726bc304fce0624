/**
 * Makes the sample files: small, real, and the same bytes each time. They are what the demo, the tests and
 * SAMPLES=1 import: a base image, and one file or more of every kind its profiles can carry.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import { buildIso } from './iso.ts';
import { buildZip } from './zip.ts';

export interface Sample {
  /** As in POST /osImages: contract, section 5.1. */
  readonly imageType: 'OS' | 'BOOT' | 'DUD' | 'SCRIPT' | 'SOFTWARE' | 'UNATTEND' | 'CONFIG';
  /** Where it was made. */
  readonly path: string;
  readonly name: string;
  readonly os: string;
  readonly osrelease: string;
  readonly description: string;
}

const sources = join(import.meta.dirname, 'files');
const madeAt = new Date('2024-01-01T00:00:00Z');
const linux = { os: 'rhels', osrelease: 'sample' };
const windows = { os: 'win', osrelease: 'win2022' };

/**
 * Makes a base image in the manner of Red Hat's, which gets the id `sample`, and the files of its profile
 * `web`, in `folder`. The base image comes first.
 */
export async function buildSamples(folder: string): Promise<Sample[]> {
  await mkdir(folder, { recursive: true });
  const at = (name: string) => ({ path: join(folder, name), name });
  return [
    {
      imageType: 'OS',
      ...(await write(at('sample-linux-1.0-x86_64.iso'), await imageIso())),
      ...linux,
      description: 'Sample installation medium',
    },
    {
      imageType: 'DUD',
      ...(await write(at('sample-driver-update.iso'), await driverIso())),
      ...linux,
      description: 'Sample driver update disk',
    },
    {
      imageType: 'SCRIPT',
      ...(await copy(at('configure-web.sh'), 'scripts/configure-web.sh')),
      ...linux,
      description: 'Puts the site in place and starts nginx',
    },
    {
      imageType: 'SCRIPT',
      ...(await copy(at('report_inventory.py'), 'scripts/report_inventory.py')),
      ...linux,
      description: 'Writes what the machine is made of as JSON',
    },
    {
      imageType: 'SOFTWARE',
      ...(await packSoftware(at('web-payload-1.0.0.tar.gz'))),
      ...linux,
      description: 'The site and its version',
    },
    {
      imageType: 'UNATTEND',
      ...(await copy(at('web.ks'), 'unattend/web.ks')),
      ...linux,
      description: 'Kickstart file with a web server',
    },
    {
      imageType: 'CONFIG',
      ...(await copy(at('web-settings.json'), 'config/web-settings.json')),
      ...linux,
      description: 'What is asked for when a web node is deployed',
    },
  ];
}

/** Makes a driver zip and a boot zip for Windows in `folder`; profiles of the sample image cannot carry them. */
export async function buildWindowsSamples(folder: string): Promise<Sample[]> {
  await mkdir(folder, { recursive: true });
  const at = (name: string) => ({ path: join(folder, name), name });
  const inf = await source('driver/samplenic.inf');
  const driver = buildZip([{ path: 'samplenic/samplenic.inf', content: inf }]);
  const start = Buffer.from('@echo off\r\nwpeinit\r\ndrvload X:\\drivers\\samplenic.inf\r\n');
  const boot = buildZip([
    { path: 'Windows/System32/startnet.cmd', content: start },
    { path: 'drivers/samplenic.inf', content: inf },
  ]);
  return [
    {
      imageType: 'DUD',
      ...(await write(at('sample-nic-driver.zip'), driver)),
      ...windows,
      description: 'Sample network driver',
    },
    {
      imageType: 'BOOT',
      ...(await write(at('sample-winpe.zip'), boot)),
      ...windows,
      description: 'Additions to a WinPE image',
    },
  ];
}

interface Place {
  readonly path: string;
  readonly name: string;
}

function source(name: string): Promise<Buffer> {
  return readFile(join(sources, name));
}

async function write(place: Place, content: Buffer): Promise<Place> {
  await writeFile(place.path, content);
  return place;
}

async function copy(place: Place, from: string): Promise<Place> {
  await copyFile(join(sources, from), place.path);
  return place;
}

async function imageIso(): Promise<Buffer> {
  return buildIso('SAMPLE_LINUX_1_0', [
    { path: '.treeinfo', content: await source('image/treeinfo') },
    { path: '.discinfo', content: await source('image/discinfo') },
    { path: 'README.txt', content: await source('image/README.txt') },
    { path: 'ks/minimal-web.ks', content: await source('unattend/web.ks') },
  ]);
}

/** Anaconda knows a driver update disk by its label and by the file rhdd3. */
async function driverIso(): Promise<Buffer> {
  return buildIso('OEMDRV', [
    { path: 'rhdd3', content: Buffer.from('Sample driver update disk\n') },
    { path: 'rpms/x86_64/README.txt', content: await source('driver/README.txt') },
  ]);
}

async function packSoftware(place: Place): Promise<Place> {
  const files = ['README.md', 'VERSION', 'site/index.html', 'site/style.css'];
  await create(
    {
      file: place.path,
      cwd: join(sources, 'software'),
      gzip: { level: 9 },
      portable: true,
      mtime: madeAt,
      // The modes of a checkout depend on the umask it was made with.
      onWriteEntry: (entry) => {
        if (entry.stat) entry.stat.mode = 0o100644;
      },
    },
    files,
  );
  return place;
}
