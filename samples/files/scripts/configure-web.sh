#!/bin/sh
# Unpacks the site from the software payload, points nginx at it and starts it.
# Usage: configure-web.sh PAYLOAD_FOLDER
set -eu

payload=${1:-/opt/payload}
root=/var/www/site

if [ ! -f "$payload/site/index.html" ]; then
  echo "configure-web: no site in $payload" >&2
  exit 1
fi

install -d -m 0755 "$root"
cp -R "$payload/site/." "$root/"
chmod -R a+rX "$root"

cat > /etc/nginx/conf.d/site.conf <<CONF
server {
  listen 80 default_server;
  server_name _;
  root $root;
  location = /health {
    access_log off;
    return 204;
  }
}
CONF

nginx -t
systemctl enable --now nginx
echo "configure-web: serving $root"
