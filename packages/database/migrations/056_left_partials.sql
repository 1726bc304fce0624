-- Cancelled deliveries that may have left a partial file on their server: few, and looked for every few seconds.
create index jobs_left_partial on jobs (ended_at) where state = 'Cancelled' and checkpoint is not null;
