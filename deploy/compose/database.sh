#!/bin/sh
# Starts PostgreSQL as the user this runs as. The image's own entrypoint does the same but begins as root, and gives the
# service's account all rights.
set -eu
new=$PGDATA.new

# PostgreSQL's own lock file tells process numbers, which say nothing from one container to the next: after a crash it would
# take this script for the server. The kernel's lock holds across containers, and until the last process is gone.
exec 9>>"$PGDATA.lock"
flock -n 9 || { echo 'Another container uses this database' >&2; exit 1; }
rm -f "$PGDATA/postmaster.pid"

single() { # FOLDER: runs the SQL on standard input, a statement a line
  postgres --single -D "$1" -c exit_on_error=on -c log_statement=none postgres >/dev/null
}

# Under another name until it is whole: a start that breaks off here begins anew.
if [ ! -d "$PGDATA" ]; then
  rm -rf "$new"
  # Over the network nobody but osimage signs in; postgres only from inside this container.
  initdb --pgdata="$new" --username=postgres --auth-local=peer --auth-host=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --data-checksums >/dev/null
  echo 'host osimage osimage all scram-sha-256' >>"$new/pg_hba.conf"
  printf '%s\n' 'create role osimage login' 'create database osimage owner osimage' | single "$new"
  mv "$new" "$PGDATA"
fi

# Each time, so that a password made anew counts from the next start on.
printf "alter role osimage password '%s'\n" "$(cat /run/secrets/database/password)" | single "$PGDATA"

exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp "$@"
