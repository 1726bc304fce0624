-- What a job takes of the store's space, so that jobs that run at once do not count on the same free bytes.
alter table jobs
  -- All it may occupy at once until it ends: its staging file, what it packs, its archive. Bytes.
  add column space_claimed bigint not null default 0,
  -- As much of it as is on the disk already.
  add column space_written bigint not null default 0;
