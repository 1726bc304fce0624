/** Triggers that note whatever must never happen to the row of a job, whoever writes it. */
import type { Database } from '@osimage/database';

const watch = `
create table violations (at timestamptz not null default clock_timestamp(), what text not null);
create function watch_job() returns trigger language plpgsql as $$
declare
  was text := format('job %s, attempt %s, %s', old.id, old.attempt, old.state);
begin
  if old.ended_at is not null and (old.state, old.ended_at, old.attempt, old.percent, old.bytes_done, old.final_path,
      old.size, old.sha256, old.object_id, old.error) is distinct from (new.state, new.ended_at, new.attempt, new.percent,
      new.bytes_done, new.final_path, new.size, new.sha256, new.object_id, new.error) then
    insert into violations (what) values (was || ' had ended and became ' || new.state);
  end if;
  if new.percent < old.percent then
    insert into violations (what) values (format('%s went from %s to %s per cent', was, old.percent, new.percent));
  end if;
  if new.bytes_done < old.bytes_done then
    insert into violations (what) values (format('%s went from %s to %s bytes', was, old.bytes_done, new.bytes_done));
  end if;
  if new.attempt not in (old.attempt, old.attempt + 1) then
    insert into violations (what) values (format('%s went to attempt %s', was, new.attempt));
  end if;
  if new.ended_at is not null and new.percent <> 100 then
    insert into violations (what) values (format('%s ended at %s per cent', was, new.percent));
  end if;
  return new;
end $$;
create trigger watch_job after update on jobs for each row execute function watch_job();
create function watch_attempt() returns trigger language plpgsql as $$
begin
  if old.ended_at is not null and (old.ended_at, old.error) is distinct from (new.ended_at, new.error) then
    insert into violations (what) values (format('attempt %s of job %s ended twice', old.attempt, old.job_id));
  end if;
  return new;
end $$;
create trigger watch_attempt after update on job_attempts for each row execute function watch_attempt();
`;

/** Watches from now on; gives what reads the notes. */
export async function watchRows(db: Database): Promise<() => Promise<string[]>> {
  await db.query(watch);
  return async () => {
    const { rows } = await db.query<{ what: string }>('select what from violations order by at');
    return rows.map(({ what }) => what);
  };
}
