-- Settings of the deployment of operating systems: kept for clients of the contract, used by nothing here.

create table deploy_settings (
  single      boolean primary key default true check (single),
  -- What was ever set; the rest has its defaults.
  settings    jsonb not null default '{}',
  modified_by text not null default '',
  modified_at timestamptz not null default now()
);
insert into deploy_settings default values;

-- Passwords and licence keys of the settings. id: whose, such as credential/LINUX; each is sealed for settings/<id>.
create table setting_secrets (
  id     text primary key,
  sealed text not null
);
