-- Content stored once, and the names under which everything that has an id is known.

-- Ids are unique over images, profiles, files and archives together (contract, section 4).
create table object_ids (
  id   text primary key check (id ~ '^[A-Za-z0-9._|-]{1,200}$'),
  kind text not null check (kind in ('image', 'profile', 'file', 'archive'))
);

-- One row for each distinct content. segments: 16 bytes for each segment, four unsigned 32-bit
-- little-endian numbers: raw length, packed length, CRC-32 of the raw, CRC-32 of the packed bytes.
create table blobs (
  sha256        bytea primary key check (length(sha256) = 32),
  physical_name text not null unique,
  raw_size      bigint not null,
  packed_size   bigint not null,
  segments      bytea not null,
  encoder       integer not null,
  created_at    timestamptz not null default now()
);
-- Segments are read whole and do not compress: keep them out of line and as they are.
alter table blobs alter column segments set storage external;

create table images (
  id          text primary key references object_ids (id) on delete cascade,
  name        text not null,
  description text not null default '',
  family      text not null,
  os          text not null,
  osrelease   text not null,
  arch        text not null,
  build_id    text not null default '',
  size        bigint not null,
  sha256      bytea not null references blobs (sha256),
  created_by  text not null,
  created_at  timestamptz not null default now()
);
create index images_sha256 on images (sha256);

create table profiles (
  id          text primary key references object_ids (id) on delete cascade,
  image_id    text not null references images (id) on delete cascade,
  base_id     text references profiles (id) on delete cascade,
  kind        text not null check (kind in ('predefined', 'custom')),
  name        text not null,
  description text not null default '',
  location    text not null default '',
  revision    integer not null default 1,
  created_by  text not null,
  created_at  timestamptz not null default now(),
  modified_by text not null,
  modified_at timestamptz not null default now(),
  unique (image_id, name)
);
create index profiles_base on profiles (base_id);

create table files (
  id          text primary key references object_ids (id) on delete cascade,
  kind        text not null check (kind in ('boot', 'driver', 'script', 'software', 'unattend', 'config')),
  name        text not null,
  description text not null default '',
  os          text not null default '',
  osrelease   text not null default '',
  version     text not null default '',
  type        text not null default '',
  size        bigint not null,
  sha256      bytea not null references blobs (sha256),
  created_by  text not null,
  created_at  timestamptz not null default now()
);
create index files_sha256 on files (sha256);
create index files_kind on files (kind, id);

create table profile_files (
  profile_id text not null references profiles (id) on delete cascade,
  file_id    text not null references files (id),
  position   integer not null,
  primary key (profile_id, file_id)
);
create index profile_files_file on profile_files (file_id);

-- The predefined unattend files a profile carries; made by the service when its image came in.
create table predefined_files (
  profile_id text not null references profiles (id) on delete cascade,
  name       text not null,
  size       bigint not null,
  sha256     bytea not null references blobs (sha256),
  primary key (profile_id, name)
);
create index predefined_files_sha256 on predefined_files (sha256);
