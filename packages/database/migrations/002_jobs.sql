-- Jobs: these rows are the truth; the queue only tells a worker to look at one.

create table servers (
  id            text primary key,
  display_name  text not null unique,
  address       text not null,
  port          integer not null check (port between 1 and 65535),
  protocol      text not null check (protocol in ('HTTP', 'HTTPS', 'FTP', 'SFTP')),
  username      text not null default '',
  -- AES-256-GCM, sealed with SECRET_KEY; see packages/secrets.
  password      text,
  default_path  text not null default '',
  -- OpenSSH form, "type base64"; empty until the first connection pins one.
  host_keys     text[] not null default '{}',
  revision      integer not null default 1,
  created_by    text not null,
  created_at    timestamptz not null default now(),
  modified_by   text not null,
  modified_at   timestamptz not null default now()
);
create sequence server_ids as bigint start 1;

create table jobs (
  id               bigint generated always as identity primary key,
  kind             text not null check (kind in ('export', 'import')),
  state            text not null default 'Pending'
                   check (state in ('Pending', 'Running', 'Complete', 'StoppedWithError', 'Cancelled', 'Interrupted')),
  title            text not null,
  created_by       text not null,
  created_at       timestamptz not null default now(),
  started_at       timestamptz,
  ended_at         timestamptz,
  request_id       text not null default '',
  -- The fence: a worker's writes carry the attempt it was given and do nothing when it is not this one.
  attempt          integer not null default 0,
  worker           text,
  queue_id         uuid,
  cancelled_by     text,
  step             text not null default 'waiting',
  bytes_done       bigint not null default 0,
  bytes_total      bigint not null default 0,
  percent          real not null default 0,
  error            jsonb,
  -- Exports
  profile_id       text,
  server_id        text,
  target_path      text,
  filename         text,
  final_path       text,
  size             bigint,
  sha256           bytea,
  -- Imports: what is imported and how long its upload may stay silent.
  import           jsonb,
  object_id        text,
  lease_until      timestamptz,
  check ((state in ('Complete', 'StoppedWithError', 'Cancelled', 'Interrupted')) = (ended_at is not null))
);
create index jobs_unfinished on jobs (id) where ended_at is null;
create index jobs_state on jobs (state, id);
create index jobs_kind on jobs (kind, id);
create index jobs_created_by on jobs (created_by, id);

create table job_attempts (
  job_id     bigint not null references jobs (id) on delete cascade,
  attempt    integer not null,
  worker     text not null,
  started_at timestamptz not null default now(),
  ended_at   timestamptz,
  error      jsonb,
  primary key (job_id, attempt)
);

-- What an export packs, fixed when the job is created: the archive's metadata.json, word for word.
create table export_snapshots (
  job_id   bigint primary key references jobs (id) on delete cascade,
  metadata text not null
);

-- The content an unfinished job needs; it cannot be collected while a row is here.
create table job_blobs (
  job_id bigint not null references jobs (id) on delete cascade,
  sha256 bytea not null references blobs (sha256),
  primary key (job_id, sha256)
);
create index job_blobs_sha256 on job_blobs (sha256);

-- Finished archives that can be downloaded. The row is what publishes the file at physical_path.
create table archives (
  id             text primary key references object_ids (id) on delete cascade,
  job_id         bigint,
  profile_id     text not null,
  physical_path  text not null,
  size           bigint not null,
  sha256         bytea not null,
  created_by     text not null,
  created_at     timestamptz not null default now(),
  deleted_at     timestamptz,
  deleted_reason text
);
create index archives_job on archives (job_id);
