-- Finished jobs that are too old or too many are removed, by a job of its own.

-- Rows that are there are of the kinds the former check knew: nothing to look at.
alter table jobs drop constraint jobs_kind_check;
alter table jobs add constraint jobs_kind_check check (kind in ('export', 'import', 'purge')) not valid;

-- What a purge removes and how far it is (PurgeState in queries/purge.ts).
alter table jobs add column purge jsonb;
-- Finished jobs in the order they go; also how many are newer than one of them.
create index jobs_finished on jobs (ended_at, id) where ended_at is not null;
