-- The name an archive gets in a folder on a file server, where only the server knows whether the path is one;
-- and which attempts at a job got further than all before, so that a bad link does not end what it only slows down.

alter table jobs add column archive_name text;
alter table job_attempts add column progressed boolean not null default false;
