/** Files put into a product's store and database directly: thousands, or gigabytes, in little time. */
import { addContent, type Source } from '@osimage/blob-store';
import { createCustomProfile, insertFile, takeId } from '@osimage/database';
import type { Product } from './product.ts';

/** Stores a software file; gives its id. */
export async function storeFile({ db, store }: Product, name: string, content: Source): Promise<string> {
  return await addContent({ root: store }, db, content, async (tx, blob) => {
    await takeId(tx, name, 'file');
    await insertFile(tx, {
      id: name,
      kind: 'software',
      name,
      description: '',
      os: '',
      osrelease: '',
      type: 'SOFTWARE',
      size: blob.rawSize,
      sha256: blob.sha256,
      createdBy: 'bench',
    });
    return name;
  });
}

/** Makes a customized profile of software files; gives its id. */
export async function storeProfile(
  { db }: Product,
  baseId: string,
  name: string,
  software: readonly string[],
): Promise<string> {
  return await db.transaction((tx) =>
    createCustomProfile(tx, {
      baseId,
      name,
      description: '',
      location: '',
      files: { software },
      user: 'bench',
    }),
  );
}
