-- How a server wants to be treated. Null where nothing is set: what fits the link, or the installation's own limit.

alter table servers
  add column connections integer check (connections between 1 and 32),
  add column bytes_per_second bigint check (bytes_per_second > 0),
  add column verify text not null default 'sample' check (verify in ('size', 'sample', 'full')),
  -- Names of old SSH algorithms it may use besides the modern ones.
  add column old_algorithms text[] not null default '{}',
  add column authentication text not null default 'basic' check (authentication in ('basic', 'bearer')),
  -- Exports to it that may run at once, over all packagers.
  add column parallel_exports integer check (parallel_exports >= 1);
