/** A profile large enough that an export can be met in its middle. */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { RestClient } from './client.ts';
import { addProfile, importWindows } from './sample-profile.ts';

const entryName = 'big.wim';

/** The fields a zip's local header and directory share (APPNOTE 4.3.7, 4.3.12): one stored entry. */
function entryFields(crc: number, size: number): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(size, 14);
  fields.writeUInt32LE(size, 18);
  fields.writeUInt16LE(entryName.length, 22);
  return fields;
}

/** Writes a zip of one stored entry of `megabytes` that does not shrink. */
async function writeBigZip(path: string, megabytes: number): Promise<void> {
  const block = randomBytes(1024 * 1024);
  const size = megabytes * block.length;
  const file = await open(path, 'w');
  const name = Buffer.from(entryName);
  const dataAt = 30 + name.length;
  let crc = 0;
  for (let index = 0; index < megabytes; index++) {
    // Different in each block, or the store would keep the content once and the tests meet nothing.
    block.writeUInt32LE(index, 0);
    crc = crc32(block, crc);
    await file.write(block, 0, block.length, dataAt + index * block.length);
  }
  const fields = entryFields(crc, size);
  await file.write(Buffer.concat([Buffer.from('PK\x03\x04'), fields, name]), 0, dataAt, 0);
  const directory = Buffer.concat([
    Buffer.from('PK\x01\x02'),
    Buffer.from([20, 0]),
    fields,
    Buffer.alloc(14),
    name,
  ]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(dataAt + size, 16);
  await file.write(Buffer.concat([directory, end]), 0, directory.length + end.length, dataAt + size);
  await file.close();
}

/** Imports a boot zip of `megabytes` and makes the profile `big` of it; gives its id. */
export async function makeBigProfile(client: RestClient, folder: string, megabytes: number): Promise<string> {
  const imageId = await importWindows(client, folder, 'win2016');
  const path = join(folder, 'big.zip');
  await writeBigZip(path, megabytes);
  const boot = { imageType: 'BOOT', path, name: 'big.zip' };
  return await addProfile(client, `${imageId}|${imageId}-x86_64-install-Standard`, [boot], 'big');
}
