-- Files can be changed: when and by whom (null: never), and which unattend file a configuration file goes with.
alter table files
  add column revision integer not null default 1,
  add column modified_by text,
  add column modified_at timestamptz,
  add column associated_id text references files (id) on delete set null;
create index files_associated on files (associated_id) where associated_id is not null;
