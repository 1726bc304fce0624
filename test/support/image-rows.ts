/** Images, profiles, files and archives as rows, where a test wants them without an import. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Database, insertArchive, insertFile, insertImage, insertJob, takeId } from '@osimage/database';

/** A blob's row; its file does not exist. */
async function addBlob(db: Database, content: string): Promise<{ sha256: string; size: number }> {
  const sha256 = createHash('sha256').update(content).digest();
  await db.query(
    `insert into blobs (sha256, physical_name, raw_size, packed_size, segments, encoder)
     values ($1, $2, $3, 1, '', 1) on conflict do nothing`,
    [sha256, sha256.toString('hex'), content.length],
  );
  return { sha256: sha256.toString('hex'), size: content.length };
}

/** A base image with predefined profiles `<id>|<id>-x86_64-install-<kind>`, an unattend file each. Gives their ids. */
export async function addImage(
  db: Database,
  id: string,
  family = 'rhel',
  kinds: readonly string[] = ['Minimal'],
): Promise<string[]> {
  const unattend = { name: 'install.cfg', ...(await addBlob(db, `unattend of ${id}`)) };
  const profiles = kinds.map((kind) => {
    const name = `${id}-x86_64-install-${kind}`;
    return { id: `${id}|${name}`, name, description: '', unattend: [unattend] };
  });
  for (const taken of [id, ...profiles.map((profile) => profile.id)]) {
    await takeId(db, taken, taken === id ? 'image' : 'profile');
  }
  const [description, arch, buildId, createdBy] = ['', 'x86_64', '', 'USERID'];
  const iso = await addBlob(db, `iso of ${id}`);
  await insertImage(db, {
    ...{ id, name: id, description, family, os: family, osrelease: id, arch, buildId, createdBy },
    ...iso,
    profiles,
  });
  return profiles.map((profile) => profile.id);
}

/** An imported file; gives its id. */
export async function addFile(db: Database, id: string, kind: string, os = ''): Promise<string> {
  await takeId(db, id, 'file');
  const blob = await addBlob(db, `content of ${id}`);
  const [name, description, osrelease, type, createdBy] = [id, '', '', kind, 'USERID'];
  await insertFile(db, { id, kind, name, description, os, osrelease, type, createdBy, ...blob });
  return id;
}

/** A finished archive with its file in the store; gives the SHA-256. */
export async function addArchive(
  db: Database,
  storeRoot: string,
  name: string,
  content: Buffer,
  chunks?: Buffer,
): Promise<{ sha256: string; path: string }> {
  const [profileId, createdBy] = ['rhels9.4|rhels9.4-x86_64-install-web', 'USERID'];
  const jobId = await insertJob(db, { kind: 'export', title: 'export', createdBy, requestId: '', profileId });
  const physicalPath = join('exports', jobId, '1', name);
  const path = join(storeRoot, physicalPath);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  await takeId(db, name, 'archive');
  await insertArchive(db, {
    id: name,
    jobId,
    profileId,
    physicalPath,
    size: content.length,
    sha256,
    createdBy,
    ...(chunks && { chunks }),
  });
  return { sha256, path };
}

/** Rows in a table. */
export async function count(db: Database, table: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(`select count(*) from ${table}`);
  return rows[0]!.count;
}
