-- Who did what to which object, with which outcome. Rows are only ever added (docs/audit.md).

create table audit (
  id         bigint generated always as identity primary key,
  -- To the millisecond, so that a time read by a client names the row as exactly as the database does.
  at         timestamptz(3) not null default clock_timestamp(),
  source     text not null check (source in ('rest', 'grpc', 'command line')),
  -- As tried where a sign-in failed; empty when nobody was named.
  user_name  text not null,
  address    text not null,
  action     text not null,
  objects    text[] not null,
  outcome    text not null check (outcome in ('success', 'refused', 'failed')),
  code       text,
  status     integer,
  request_id text not null,
  job_id     text,
  detail     text not null
);
create index audit_at on audit (at, id);
create index audit_user on audit (user_name, at, id);
create index audit_action on audit (action, at, id);
create index audit_outcome on audit (outcome, at, id);
create index audit_objects on audit using gin (objects);

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit trail is append-only: % is refused', tg_op using errcode = 'insufficient_privilege';
end $$;
create trigger audit_append_only before update or delete or truncate on audit
  for each statement execute function refuse_audit_change();
-- Also in a session that replays what another server did.
alter table audit enable always trigger audit_append_only;
