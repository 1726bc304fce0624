#!/bin/sh
# Makes what the services must not share in clear: an authority of their own, certificates, passwords. Runs once before
# them and makes only what is missing. To have something made anew: `docker compose run --rm setup renew WHAT…`, with
# authority, certificates or database-password (docs/operating.md).
set -eu
umask 027
made=/made
authority=$made/authority
names=${PUBLIC_NAMES:-localhost}
days=825
# A certificate that ends within this time is made anew.
month=2592000

if [ "${1:-}" = renew ]; then
  shift
  for what in "$@"; do
    case $what in
      authority) rm -f $authority/ca.* $made/*/grpc.pem $made/*/https.pem $made/*/public.pem ;;
      certificates) rm -f $made/*/grpc.pem $made/*/https.pem $made/*/public.pem ;;
      database-password) rm -f $made/database/password ;;
      *) echo "There is no $what; say authority, certificates or database-password" >&2; exit 2 ;;
    esac
  done
fi

write() { # FILE: standard input becomes the file, at once
  cat >"$1.new"
  chmod 640 "$1.new"
  mv "$1.new" "$1"
}

secret() { # FILE COMMAND…: what the command prints becomes the file
  file=$1; shift
  [ -s "$file" ] && return
  value=$("$@")
  printf %s "$value" | write "$file"
  echo "made $file"
}

if [ ! -s $authority/ca.pem ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=osimage-ca \
    -keyout $authority/ca.key -out $authority/ca.pem.new 2>/dev/null
  chmod 600 $authority/ca.key
  mv $authority/ca.pem.new $authority/ca.pem
  echo "made $authority/ca.pem"
fi

certificate() { # FOLDER NAME COMMON-NAME ALTERNATIVE-NAMES
  file=$made/$1/$2
  cmp -s $authority/ca.pem $made/$1/ca.pem || write $made/$1/ca.pem <$authority/ca.pem
  # With other names it is another certificate.
  if [ "$(cat $file.names 2>/dev/null)" = "$4" ] && openssl x509 -in $file.pem -noout -checkend $month >/dev/null 2>&1; then
    return
  fi
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days $days \
    -CA $authority/ca.pem -CAkey $authority/ca.key -extensions usr_cert -subj "/CN=$3" -addext "subjectAltName=$4" \
    -keyout $file.key.new -out $file.pem.new 2>/dev/null
  chmod 640 $file.key.new
  mv $file.key.new $file.key
  mv $file.pem.new $file.pem
  printf %s "$4" >$file.names
  echo "made $file.pem"
}

# gRPC: packagers believe only a certificate named `gateway` for which user it calls.
certificate gateway grpc gateway DNS:gateway,DNS:localhost
certificate packager grpc packager DNS:packager,DNS:localhost
# HTTPS: between the front and the gateways, and what the world sees. In the stack itself the front is called `front`.
certificate gateway https gateway DNS:gateway,DNS:localhost
alternatives=DNS:front
for name in $(printf %s "$names" | tr , ' '); do
  case $name in
    *:*) kind=IP ;;
    *[!0-9.]*) kind=DNS ;;
    *) kind=IP ;;
  esac
  alternatives=$alternatives,$kind:$name
done
certificate front public "${names%%,*}" "$alternatives"
# The form that haproxy reads.
cat $made/front/public.pem $made/front/public.key | write $made/front/public-both.pem

secret $made/database/password openssl rand -hex 24
for service in gateway packager; do
  printf 'postgres://osimage:%s@database:5432/osimage' "$(cat $made/database/password)" | write $made/$service/database-url
done
secret $made/gateway/admin-password openssl rand -base64 15

if [ ! -s $made/files/host_key ]; then
  ssh-keygen -q -t ed25519 -N '' -C files -f $made/files/host_key
  echo "made $made/files/host_key"
fi
