-- How many jobs ended in which way is asked for every minute: an index alone answers it.
create index jobs_ended on jobs (kind, state) where ended_at is not null;
