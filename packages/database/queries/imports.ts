/** The life of an import before and at its end: waiting for its file, being fed, and what it becomes. */
import { notFound, Problem } from '@osimage/errors';
import type { Queryable } from '../pool.ts';
import type { ImportParameters } from './attempts.ts';
import type { JobState } from './jobs.ts';

export interface WaitingImport {
  state: JobState;
  created_by: string;
  import: { imageType: string; fileSize: number; byContent?: boolean };
  /** Whether it still waits for its file. */
  waiting: boolean;
}

/** Gives the import and locks its row until the transaction ends; throws Problem not_found. */
export async function lockImport(tx: Queryable, id: string): Promise<WaitingImport> {
  const { rows } = await tx.query<WaitingImport>(
    `select state, created_by, import, ended_at is null and lease_until is not null as waiting
     from jobs where id = $1 and kind = 'import' for update`,
    [/^[1-9]\d{0,17}$/.test(id) ? id : null],
  );
  if (!rows[0]) throw notFound('import job', id.slice(0, 40));
  return rows[0];
}

/** Renews the upload's lease; false when the import no longer waits for a file. */
export async function renewImport(
  db: Queryable,
  id: string,
  leaseMs: number,
  bytes: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update jobs set lease_until = now() + $2 * interval '1 ms', step = $3, space_written = $4
     where id = $1 and kind = 'import' and ended_at is null and lease_until is not null`,
    [id, leaseMs, `receiving, ${bytes} bytes so far`, bytes],
  );
  return rowCount === 1;
}

/** A file on a remote file server, by the server's id. */
export interface RemotePath {
  serverId: string;
  path: string;
}

/**
 * Ends the wait: the file is there, or at `more.remote`, and the queue entry `queueId` of the same transaction will
 * run it.
 */
export async function feedImport(
  tx: Queryable,
  id: string,
  queueId: string,
  title: string,
  parameters: ImportParameters,
  more: { remote?: RemotePath | undefined; small: boolean; slotLine?: 'waiting' | 'called'; step?: string },
): Promise<void> {
  await tx.query(
    `update jobs set lease_until = null, queue_id = $2, title = $3, import = $4, step = $10,
       bytes_total = $5, server_id = $6, target_path = $7, small = $8, slot_line = $9
     where id = $1`,
    [
      id,
      queueId,
      title,
      parameters,
      parameters.size,
      more.remote?.serverId ?? null,
      more.remote?.path ?? null,
      more.small,
      more.slotLine ?? null,
      more.step ?? 'waiting',
    ],
  );
}

/** Ends imports whose file never came, or whose upload broke off. Gives the ids it ended. */
export async function interruptImports(tx: Queryable, problem: Problem, id?: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `update jobs set state = 'Interrupted', ended_at = now(), percent = 100, error = $1, lease_until = null, step = 'no file'
     where kind = 'import' and ended_at is null and lease_until is not null
       and case when $2::bigint is null then lease_until < now() else id = $2 end
     returning id::text`,
    [problem.toJSON(), id ?? null],
  );
  return rows.map((row) => row.id);
}

/** Takes an id for an object of `kind`; gives false when it is taken. */
export async function takeId(
  tx: Queryable,
  id: string,
  kind: 'image' | 'profile' | 'file' | 'archive',
): Promise<boolean> {
  const { rowCount } = await tx.query(
    'insert into object_ids (id, kind) values ($1, $2) on conflict do nothing',
    [id, kind],
    { prepared: true },
  );
  return rowCount === 1;
}

/** Takes the first free of `name(1)`, `name(2)`, …, where the argument tells which try it is. */
export async function takeFreeId(
  tx: Queryable,
  kind: 'image' | 'profile' | 'file' | 'archive',
  name: (attempt: number) => string,
): Promise<string> {
  for (let attempt = 1; attempt <= 10_000; attempt++) {
    const id = name(attempt);
    if (await takeId(tx, id, kind)) return id;
  }
  throw new Problem('conflict', { detail: `No free id is left for ${name(1)}.` });
}

export interface NewFile {
  id: string;
  kind: string;
  name: string;
  description: string;
  os: string;
  osrelease: string;
  type: string;
  size: number;
  sha256: string;
  createdBy: string;
}

export async function insertFile(tx: Queryable, file: NewFile): Promise<void> {
  await tx.query(
    `insert into files (id, kind, name, description, os, osrelease, type, size, sha256, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, decode($9, 'hex'), $10)`,
    [
      file.id,
      file.kind,
      file.name,
      file.description,
      file.os,
      file.osrelease,
      file.type,
      file.size,
      file.sha256,
      file.createdBy,
    ],
  );
}

export interface NewImage {
  id: string;
  name: string;
  description: string;
  family: string;
  os: string;
  osrelease: string;
  arch: string;
  buildId: string;
  size: number;
  sha256: string;
  createdBy: string;
  profiles: readonly {
    id: string;
    name: string;
    description: string;
    unattend: readonly { name: string; size: number; sha256: string }[];
  }[];
}

/** Inserts a base image with its predefined profiles; their ids must have been taken before. */
export async function insertImage(tx: Queryable, image: NewImage): Promise<void> {
  await tx.query(
    `insert into images (id, name, description, family, os, osrelease, arch, build_id, size, sha256, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, decode($10, 'hex'), $11)`,
    [
      image.id,
      image.name,
      image.description,
      image.family,
      image.os,
      image.osrelease,
      image.arch,
      image.buildId,
      image.size,
      image.sha256,
      image.createdBy,
    ],
  );
  for (const profile of image.profiles) {
    await tx.query(
      `insert into profiles (id, image_id, kind, name, description, created_by, modified_by)
       values ($1, $2, 'predefined', $3, $4, $5, $5)`,
      [profile.id, image.id, profile.name, profile.description, image.createdBy],
    );
    for (const file of profile.unattend) {
      await tx.query(
        `insert into predefined_files (profile_id, name, size, sha256) values ($1, $2, $3, decode($4, 'hex'))`,
        [profile.id, file.name, file.size, file.sha256],
      );
    }
  }
}
