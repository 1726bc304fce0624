/** The folder a backup is written in: under another name until it is whole, and gone when it does not become so. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { syncFolder } from '@osimage/blob-store';
import { Problem, systemCode } from '@osimage/errors';
import { create } from './copy-file.ts';
import { type Contents, contentsName, format, manifestName, sha256, sumLine, sumsName } from './layout.ts';

export class BackupWriter {
  /** Where it is written. */
  readonly folder: string;
  /** Where it is when it is whole. */
  readonly final: string;
  #sums: string[] = [];
  #bytes = 0;

  private constructor(final: string) {
    this.final = final;
    this.folder = `${final}.partial`;
  }

  /** Begins; what an earlier run that was killed has left goes. Throws Problem backup_place. */
  static async begin(final: string, storeRoot: string): Promise<BackupWriter> {
    const place = (detail: string) => new Problem('backup_place', { folder: final, detail });
    const inside = relative(storeRoot, final);
    if (inside === '' || !inside.startsWith('..')) throw place('it is in the store itself');
    const writer = new BackupWriter(final);
    try {
      if ((await readdir(final)).length > 0) throw place('there is something in it already');
      if ((await stat(final)).dev !== (await stat(dirname(final))).dev)
        throw place('it is the root of a disk; name a folder on it');
    } catch (error) {
      if (error instanceof Problem) throw error;
      if (systemCode(error) !== 'ENOENT') throw place(`it cannot be used (${systemCode(error)})`);
    }
    try {
      await rm(writer.folder, { recursive: true, force: true });
      await mkdir(writer.folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw place(`no folder can be made beside it (${systemCode(error)})`);
    }
    return writer;
  }

  /** A file that is there already, with what was found of it. */
  note(path: string, digest: string, bytes: number): void {
    this.#sums.push(sumLine(path, digest));
    this.#bytes += bytes;
  }

  /** A small file. */
  async write(path: string, content: string): Promise<void> {
    await this.#place(path, content);
    this.note(path, sha256(content), Buffer.byteLength(content));
  }

  /** A large file, packed as it comes. */
  async pack(path: string, rows: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    const file = await create(join(this.folder, path));
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      await pipeline(
        rows,
        createGzip({ level: 1 }),
        async (packed: AsyncIterable<Buffer>) => {
          for await (const piece of packed) {
            hash.update(piece);
            bytes += piece.length;
            await file.writeFile(piece);
          }
        },
        { signal },
      );
      await file.sync();
    } finally {
      await file.close();
    }
    this.note(path, hash.digest('hex'), bytes);
  }

  /** Writes what makes it whole, and last of all the manifest. */
  async finish(installation: string, contents: Contents): Promise<void> {
    await this.write(contentsName, `${JSON.stringify(contents, null, 2)}\n`);
    const sums = this.#sums.join('');
    await this.#place(sumsName, sums);
    await syncFolders(this.folder);
    const manifest = {
      format,
      madeAt: new Date().toISOString(),
      installation,
      sums: sha256(sums),
      files: this.#sums.length,
      bytes: this.#bytes,
    };
    await this.#place(manifestName, `${JSON.stringify(manifest, null, 2)}\n`);
    await syncFolder(this.folder);
  }

  /** Gives it its name. */
  async publish(): Promise<void> {
    // An empty folder of that name makes room.
    await rmdir(this.final).catch(() => {});
    await rename(this.folder, this.final);
    await syncFolder(dirname(this.final));
  }

  async abandon(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  async #place(path: string, content: string): Promise<void> {
    const file = await create(join(this.folder, path));
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

async function syncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await syncFolders(join(folder, entry.name));
  await syncFolder(folder);
}
