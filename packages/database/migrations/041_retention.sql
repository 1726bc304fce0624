-- Archives that no retention rule removes, and those a rule may.
alter table archives add column protected boolean not null default false;
create index archives_age on archives (created_at, id) where deleted_at is null;

-- What the service does by itself is in the audit trail too.
alter table audit drop constraint audit_source_check;
alter table audit add constraint audit_source_check check (source in ('rest', 'grpc', 'command line', 'service'));
