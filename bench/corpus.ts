/**
 * The real input every figure is measured on, about 750 MB made of Debian packages (design section 8): a driver
 * ISO, a boot zip, a software tar.gz, 200 scripts and a base image. Needs apt-get, dpkg-deb, xorriso, bsdtar and
 * genisoimage. What is there already is kept.
 *
 *   npm run corpus -- FOLDER
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const scriptsWanted = 200;

export interface CorpusFile {
  imageType: 'OS' | 'DUD' | 'BOOT' | 'SOFTWARE' | 'SCRIPT';
  path: string;
  name: string;
}

/** The corpus where temporary files go: built once, kept for the next time. */
export function corpus(): Promise<CorpusFile[]> {
  return buildCorpus(join(tmpdir(), 'osimage-corpus'));
}

/** Builds the corpus in `folder`, unless it is there; gives its files, the base image first. */
export async function buildCorpus(folder: string): Promise<CorpusFile[]> {
  const root = resolve(folder);
  const packages = join(root, 'packages');
  await mkdir(packages, { recursive: true });
  await made(join(root, 'software.tar.gz'), async (path) => {
    for (const name of [await kernelPackage(), 'debian-installer-12-netboot-amd64'])
      await run('apt-get', ['download', name], { cwd: packages });
    const debs = (await readdir(packages)).filter((name) => name.endsWith('.deb'));
    await run('bsdtar', ['-czf', path, '-C', packages, ...debs]);
  });
  await made(join(root, 'drivers.iso'), async (path) => {
    const tree = await unpack(packages, 'linux-image-', join(root, 'kernel'));
    await run('xorriso', [
      '-as',
      'mkisofs',
      '-quiet',
      '-R',
      '-J',
      '-V',
      'DRIVERS',
      '-o',
      path,
      join(tree, 'lib/modules'),
    ]);
    await rm(tree, { recursive: true });
  });
  await made(join(root, 'boot.zip'), async (path) => {
    const tree = await unpack(packages, 'debian-installer-', join(root, 'netboot'));
    await run('bsdtar', ['--format', 'zip', '-cf', path, '-C', tree, 'usr']);
    await rm(tree, { recursive: true });
  });
  await made(join(root, 'windows.iso'), async (path) => {
    const tree = join(root, 'windows');
    await mkdir(join(tree, 'sources'), { recursive: true });
    await writeFile(join(tree, 'sources/install.txt'), 'stand-in for install.wim\n');
    await run('genisoimage', ['-quiet', '-udf', '-V', 'WIN2016', '-o', path, tree]);
    await rm(tree, { recursive: true });
  });
  return [
    { imageType: 'OS', path: join(root, 'windows.iso'), name: 'windows.iso' },
    { imageType: 'DUD', path: join(root, 'drivers.iso'), name: 'drivers.iso' },
    { imageType: 'BOOT', path: join(root, 'boot.zip'), name: 'boot.zip' },
    { imageType: 'SOFTWARE', path: join(root, 'software.tar.gz'), name: 'software.tar.gz' },
    ...(await scripts(join(root, 'scripts'))),
  ];
}

/** Runs `make` with a temporary name and moves the result into place, unless it is there. */
async function made(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  if (await stat(path).catch(() => undefined)) return;
  await make(`${path}.new`);
  await rename(`${path}.new`, path);
}

async function kernelPackage(): Promise<string> {
  const { stdout } = await run('apt-cache', ['depends', 'linux-image-amd64']);
  const name = /Depends: (linux-image-\d\S+)/.exec(stdout)?.[1];
  if (!name) throw new Error('linux-image-amd64 is not known to apt; run apt-get update');
  return name;
}

async function unpack(packages: string, prefix: string, tree: string): Promise<string> {
  const deb = (await readdir(packages)).find((name) => name.startsWith(prefix) && name.endsWith('.deb'));
  if (!deb) throw new Error(`no ${prefix}*.deb in ${packages}`);
  await rm(tree, { recursive: true, force: true });
  await run('dpkg-deb', ['-x', join(packages, deb), tree]);
  return tree;
}

/** Maintainer scripts of the packages installed here: real, small and plenty on every Debian. */
async function scripts(folder: string): Promise<CorpusFile[]> {
  const source = '/var/lib/dpkg/info';
  await mkdir(folder, { recursive: true });
  const names = (await readdir(source)).filter((name) => /\.(post|pre)(inst|rm)$/.test(name)).sort();
  const files: CorpusFile[] = [];
  for (const name of names) {
    if (files.length === scriptsWanted) break;
    if (!(await readFile(join(source, name), 'utf8')).startsWith('#!/bin/sh')) continue;
    const path = join(folder, `${name.replace(/[^A-Za-z0-9._-]/g, '-')}.sh`);
    await copyFile(join(source, name), path);
    files.push({ imageType: 'SCRIPT', path, name: basename(path) });
  }
  return files;
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (!folder) {
    process.stderr.write('usage: npm run corpus -- FOLDER\n');
    process.exit(2);
  }
  let bytes = 0;
  const files = await buildCorpus(folder);
  for (const file of files) bytes += (await stat(file.path)).size;
  process.stdout.write(`${files.length} files, ${Math.round(bytes / 1e6)} MB in ${folder}\n`);
}
