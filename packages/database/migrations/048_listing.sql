-- GET /tasks?since=… reads what is that young, also where that is nothing at all.
create index jobs_created on jobs (created_at);
