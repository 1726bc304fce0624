-- Jobs that run again under another id, and requests that come again with the same Idempotency-Key.

alter table jobs add column retried_as bigint references jobs (id) on delete set null;
create index jobs_retried_as on jobs (retried_as) where retried_as is not null;

create table idempotency_keys (
  user_name  text not null,
  key        text not null,
  -- SHA-256 of what was asked for: the same key may not come with anything else.
  request    bytea not null,
  -- Null only inside the transaction that works it out.
  answer     jsonb,
  created_at timestamptz not null default now(),
  primary key (user_name, key)
);
create index idempotency_keys_created on idempotency_keys (created_at);
