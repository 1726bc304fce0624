-- A job that uses a remote file server holds one of that server's slots while it runs; the others wait in line. And
-- small jobs, which must not wait behind large ones, are marked when they are created.

alter table jobs
  -- Held from the claim until the attempt has let go of the server.
  add column slot smallint check (slot >= 1),
  -- waiting: for a free slot. called: there is room for it now, and a worker has been told.
  add column slot_line text check (slot_line in ('waiting', 'called')),
  add column small boolean not null default false;

-- What makes the limit hold, whatever a packager believes.
create unique index jobs_slot on jobs (server_id, slot) where slot is not null;
create index jobs_slot_line on jobs (server_id, slot_line, id) where slot_line is not null and ended_at is null;
