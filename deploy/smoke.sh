#!/bin/sh
# The main job against the stack of docker-compose.yml while it runs: sign in, import samples, make a profile, export it,
# deliver it to the sample file server, verify both archives. Needs Docker with Compose, and nothing else. Ends with
# "smoke test passed" and exit code 0, or says what to look at.
set -u
cd "$(dirname "$0")/.."

if docker compose version >/dev/null 2>&1; then compose='docker compose'
elif command -v docker-compose >/dev/null; then compose=docker-compose
else echo 'Neither "docker compose" nor "docker-compose" is there' >&2; exit 2
fi

# It gives up by itself after three minutes (SMOKE_SECONDS), time enough for a stack that is just starting.
timeout 600 $compose run --rm --no-deps -T smoke && exit

{
  echo
  echo 'What runs:'
  $compose ps
  for service in setup database packager gateway front files; do
    echo
    echo "The last lines of $service ($compose logs $service shows all):"
    $compose logs --no-color --tail 15 $service
  done
  echo
  echo 'smoke test failed. A service that is not "healthy" above comes first; docs/operating.md says what each one needs.'
} >&2
exit 1
