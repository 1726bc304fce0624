-- A key pair of our own for signing in to an SFTP server, beside the password or instead of it.

alter table servers
  add column key_type text not null default ''
    check (key_type in ('', 'RSA-2048', 'RSA-4096', 'ECDSA-521-secp521r1')),
  -- OpenSSH form, "type base64 comment"; what goes into authorized_keys.
  add column public_key text not null default '',
  -- PEM, sealed with SECRET_KEY; see packages/secrets.
  add column private_key text,
  add check ((key_type = '') = (public_key = '') and (key_type = '') = (private_key is null)),
  add check (key_type = '' or protocol = 'SFTP');
