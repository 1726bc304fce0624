-- Windows driver bundles and their signatures are imported files like others; files.type tells the two apart.

alter table files drop constraint files_kind_check;
alter table files add constraint files_kind_check
  check (kind in ('boot', 'driver', 'script', 'software', 'unattend', 'config', 'bundle'));
create index files_bundle_name on files (lower(name)) where kind = 'bundle';
