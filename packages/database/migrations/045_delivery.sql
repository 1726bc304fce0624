-- What a delivery needs to go on where an earlier attempt was, and what its job tells besides its result.

alter table jobs
  add column checkpoint jsonb,
  add column notes text[] not null default '{}';
