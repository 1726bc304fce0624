-- Who may sign in, who is signed in, and what this installation is called.

create table users (
  name                text primary key,
  password_hash       text not null,
  role                text not null,
  disabled            boolean not null default false,
  password_changed_at timestamptz not null default now(),
  created_at          timestamptz not null default now()
);

create table sessions (
  id           uuid primary key default gen_random_uuid(),
  -- SHA-256 of the session cookie: a copy of this table signs nobody in.
  token_hash   bytea not null unique,
  csrf         text not null,
  user_name    text not null references users (name) on delete cascade,
  address      text not null,
  created_at   timestamptz not null default now(),
  last_used_at timestamptz not null default now()
);
create index sessions_user on sessions (user_name, last_used_at);

create table installation (
  single     boolean primary key default true check (single),
  uuid       uuid not null default gen_random_uuid(),
  created_at timestamptz not null default now()
);
insert into installation default values;
