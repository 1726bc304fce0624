#!/bin/sh
# The sample file server: OpenSSH without root, for one user, who signs in with a key and gets SFTP and nothing else.
set -eu
umask 077
cp /run/secrets/files/host_key /tmp/host_key
touch /home/osimage/.ssh/authorized_keys
exec /usr/sbin/sshd -D -e -f /deploy/sshd_config
