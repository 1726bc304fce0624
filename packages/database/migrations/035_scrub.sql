-- What is known of rot, and how far looking for it has come.

-- Of an archive: 8 bytes for each of its chunks, two unsigned 32-bit little-endian numbers: length and CRC-32.
-- Null for archives made before this was kept; a scrub checks those by their SHA-256 and then writes it down.
alter table archives add column chunks bytea;
alter table archives alter column chunks set storage external;
-- What was found to be wrong with the file; null when nothing was.
alter table archives add column damage text;
alter table blobs add column damage text;

-- A pass over the whole store, of each kind one: by checksums of the stored bytes, or (deep) by the content itself.
create table scrub_passes (
  deep       boolean primary key,
  started_at timestamptz not null default now(),
  ended_at   timestamptz,
  -- The last one checked: content first, in order of digest, then archives, in order of name.
  blob       bytea,
  archive    text,
  blobs      bigint not null default 0,
  archives   bigint not null default 0,
  bytes      bigint not null default 0
);
