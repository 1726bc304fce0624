/** Small stores and archives for the tests of packages/archive, made of real blobs. */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Archive,
  archiveFiles,
  buildMetadata,
  type FileKind,
  memberPath,
  openArchive,
  type ProfileFile,
  type ProfileSnapshot,
  parseMetadata,
} from '@osimage/archive';
import { type Blob, ENCODER, openStore, type Source, writeBlob } from '@osimage/blob-store';

/** A file of a profile: kind, name and content. */
export interface TestFile {
  readonly kind: FileKind;
  readonly name: string;
  readonly content: Buffer | string;
}

export interface TestProfile {
  readonly root: string;
  readonly metadata: string;
  readonly members: { path: string; blob: Blob }[];
  readonly files: { path: string; content: Buffer }[];
  open(): Archive;
}

/** Content that does not shrink, the same at every run. */
export function noise(length: number, seed = 1): Buffer {
  const parts: Buffer[] = [];
  for (let n = 0; n * 32 < length; n++) parts.push(createHash('sha256').update(`${seed} ${n}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

/** Content that shrinks well, the same at every run. */
export function prose(length: number, seed = 1): Buffer {
  const line = `echo "line of script ${seed}: the quick brown fox jumps over the lazy dog"\n`;
  return Buffer.from(line.repeat(Math.ceil(length / line.length))).subarray(0, length);
}

export function snapshotOf(files: readonly ProfileFile[]): ProfileSnapshot {
  const ids = (kind: FileKind) => files.filter((file) => file.kind === kind).map((file) => file.id);
  return {
    encoder: ENCODER,
    baseImage: {
      id: 'rhels9.4',
      name: 'rhels9.4',
      os: 'rhels',
      osrelease: 'rhels9.4',
      arch: 'x86_64',
      sha256: 'ab'.repeat(32),
      size: 10_000_000_000,
    },
    profile: {
      id: 'rhels9.4|rhels9.4-x86_64-install-web-node',
      name: 'web-node',
      description: 'Web servers – ä',
      kind: 'custom',
      baseProfileId: 'rhels9.4|rhels9.4-x86_64-install-Minimal',
    },
    customizationOptions: {
      bootOptions: { bootFileIds: ids('boot') },
      customConfigOptions: { customConfigFileIds: ids('config') },
      customSoftwareOptions: { customSoftwareIds: ids('software') },
      driverOptions: { driverIds: ids('driver') },
      installScriptOptions: { installScriptIds: ids('script') },
      unattendOptions: { unattendFileIds: ids('unattend') },
      deployDataAndSoftwareLocation: '/home/deploy',
    },
    files,
  };
}

export function profileFile(file: TestFile, id: string): ProfileFile {
  const content = Buffer.from(file.content);
  return {
    kind: file.kind,
    id: file.kind === 'predefined-unattend' ? '' : id,
    name: file.name,
    description: '',
    os: 'rhels',
    osrelease: '',
    version: '',
    type: '',
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}

/** Puts the files into a store at `root`, as blobs of this product, and makes a profile of them. */
export async function makeProfile(root: string, files: readonly TestFile[]): Promise<TestProfile> {
  await openStore(root);
  const entries = files.map((file, at) => profileFile(file, `20240101000000_${at}`));
  const blobs = new Map<string, Blob>();
  for (const [at, { sha256, size }] of entries.entries()) {
    if (blobs.has(sha256)) continue;
    const source: Source = Buffer.from(files[at]!.content);
    blobs.set(sha256, await writeBlob(root, source, { sha256, rawSize: size }));
  }
  const metadata = buildMetadata(snapshotOf(entries));
  const members = archiveFiles(parseMetadata(metadata)).map(({ path, sha256 }) => ({
    path,
    blob: blobs.get(sha256)!,
  }));
  const contents = files.map((file, at) => ({
    path: memberPath(file.kind, entries[at]!.sha256, file.name),
    content: Buffer.from(file.content),
  }));
  return { root, metadata, members, files: contents, open: () => openArchive({ metadata, members }, root) };
}

/** A profile with every kind of file and every kind of awkward name, a few MB. */
export async function makeRichProfile(folder: string): Promise<TestProfile> {
  const root = join(folder, 'store');
  await mkdir(root, { recursive: true });
  return await makeProfile(root, richFiles);
}

const umlauts = 'ü'.repeat(126);

export const richFiles: readonly TestFile[] = [
  { kind: 'driver', name: 'drivers.iso', content: prose(2_500_000) },
  { kind: 'driver', name: 'same-content.iso', content: prose(2_500_000) },
  { kind: 'boot', name: 'winpe.zip', content: noise(1_300_000) },
  { kind: 'software', name: 'exact-block.tar.gz', content: noise(512 * 3, 2) },
  { kind: 'software', name: 'one-segment.tar.gz', content: noise(1024 * 1024, 3) },
  { kind: 'config', name: 'schema.json', content: '{"type":"object"}\n' },
  { kind: 'config', name: 'empty.json', content: '' },
  { kind: 'script', name: 'setup.sh', content: '#!/bin/sh\nexit 0\n' },
  { kind: 'script', name: 'with space and \'quotes" $HOME *.sh', content: 'exit 1\n' },
  { kind: 'script', name: '-rf', content: 'exit 2\n' },
  { kind: 'script', name: 'größe 設定 🚀.sh', content: 'exit 3\n' },
  { kind: 'script', name: `${'p'.repeat(63)}.sh`, content: 'path of 99 bytes\n' },
  { kind: 'script', name: `${'q'.repeat(64)}.sh`, content: 'path of 100 bytes\n' },
  { kind: 'script', name: `${'r'.repeat(65)}.sh`, content: 'path of 101 bytes\n' },
  { kind: 'script', name: `${'s'.repeat(97)}.sh`, content: 'name of 100 bytes\n' },
  { kind: 'script', name: `${'t'.repeat(98)}.sh`, content: 'name of 101 bytes\n' },
  { kind: 'script', name: `${'l'.repeat(252)}.sh`, content: 'name of 255 bytes\n' },
  { kind: 'unattend', name: `${umlauts}.ks`, content: 'name of 255 bytes, not ASCII\n' },
  { kind: 'unattend', name: 'auto.ks', content: 'text\n' },
  { kind: 'predefined-unattend', name: 'kickstart.cfg', content: 'install\n' },
];

/** Many segments of every sort, beside what is awkward. */
export const manyFiles: readonly TestFile[] = [
  ...richFiles,
  { kind: 'software', name: 'long.tar', content: prose(9_000_000, 9) },
  { kind: 'software', name: 'dense.tar', content: noise(9_000_000, 9) },
];

/** The whole archive in memory. */
export async function collect(archive: Archive): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of archive.stream()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
