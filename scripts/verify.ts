/**
 * `npm run verify -- FILE`: checks an archive from beginning to end without unpacking it, and its side file
 * if there is one. `-` reads standard input. Exit code 0: whole, 1: damaged, 2: it could not be read.
 */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type VerifyReport, verifyArchive } from '@osimage/archive';
import { Problem, systemCode } from '@osimage/errors';

const [file, ...rest] = process.argv.slice(2);
if (file === undefined || rest.length > 0 || (file.startsWith('-') && file !== '-')) {
  console.error('usage: npm run verify -- FILE    (FILE: a .tar.gz made by an export; - for standard input)');
  process.exit(2);
}

const bar = progressBar(file === '-' ? undefined : await sizeOf(file));
try {
  const report = await verifyArchive(open(file), { onProgress: bar.show });
  bar.clear();
  const side = file === '-' ? undefined : await sideFile(file);
  if (side !== undefined && side !== report.sha256)
    throw new Problem('archive_damaged', {
      detail: `its digest is ${report.sha256}, ${file}.sha256 says ${side || 'nothing'}`,
    });
  print(report, side !== undefined);
} catch (error) {
  bar.clear();
  const damaged = error instanceof Problem && error.code === 'archive_damaged';
  console.error(damaged ? `DAMAGED ${file}: ${error.message}` : `Cannot read ${file}: ${reason(error)}`);
  process.exit(damaged ? 1 : 2);
}

function open(file: string): AsyncIterable<Uint8Array> {
  return file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1024 * 1024 });
}

async function sizeOf(file: string): Promise<number | undefined> {
  return await stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** The digest in FILE.sha256, or undefined where there is no such file. */
async function sideFile(file: string): Promise<string | undefined> {
  try {
    return (await readFile(`${file}.sha256`, 'utf8')).split(/\s/, 1)[0];
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function print({ metadata, files, contentSize, size, sha256 }: VerifyReport, side: boolean): void {
  console.log(`whole    ${file === '-' ? 'standard input' : basename(file ?? '')}, ${size} bytes`);
  console.log(`profile  ${metadata.profile.id}`);
  console.log(`files    ${files}, ${contentSize} bytes`);
  console.log(`sha256   ${sha256}${side ? ', as in the side file' : ''}`);
}

/** A bar on the error stream, only where somebody looks at it; without a size it counts megabytes. */
function progressBar(size: number | undefined): { show: (bytes: number) => void; clear: () => void } {
  if (!process.stderr.isTTY) return { show: () => {}, clear: () => {} };
  const width = 40;
  let shown = '';
  const show = (bytes: number) => {
    const part = size ? Math.min(1, bytes / size) : 0;
    const filled = '#'.repeat(Math.floor(part * width)).padEnd(width);
    const text = size ? `[${filled}] ${Math.floor(part * 100)} %` : `${Math.floor(bytes / 1e6)} MB`;
    if (text !== shown) process.stderr.write(`\r${text}`);
    shown = text;
  };
  return { show, clear: () => void process.stderr.write('\r\u001b[K') };
}

function reason(error: unknown): string {
  if (systemCode(error) === 'ENOENT') return 'there is no such file';
  if (systemCode(error) === 'EISDIR') return 'it is a folder';
  return error instanceof Error ? error.message : String(error);
}
