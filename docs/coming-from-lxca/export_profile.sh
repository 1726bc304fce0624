#!/usr/bin/env bash
# Exports a customized OS-image profile and fetches the archive. Arguments: profile id, folder.
set -euo pipefail

LXCA=https://lxca.example.com

# LXCA's certificate is self-signed. The password stays out of the list of processes.
ask() { curl -sSk --config <(echo "user = \"$LXCA_USER:$LXCA_PASSWORD\"") "$@"; }
field() { python3 -c 'import json, sys
found = json.load(sys.stdin)
print((found[0] if isinstance(found, list) else found)[sys.argv[1]])' "$1"; }

export=$(ask "$LXCA/osImages/${1//|/%7C}")
job=$(field jobID <<<"$export")
file=$(field filename <<<"$export")
[ -n "$job" ] || { field messages <<<"$export" >&2; exit 1; }

until task=$(ask "$LXCA/tasks/$job") && [ "$(field complete <<<"$task")" = True ]; do sleep 1; done
state=$(field status <<<"$task")
[ "$state" = Complete ] || { echo "the export ended as $state" >&2; exit 1; }

ask -f -o "$2/$file" "$LXCA/osImages/$file"
echo "$file"
