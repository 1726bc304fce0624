-- A new key pair of a server waits beside the present one until it has been seen to sign in.

alter table servers
  add column pending_key_type text not null default ''
    check (pending_key_type in ('', 'RSA-2048', 'RSA-4096', 'ECDSA-521-secp521r1')),
  add column pending_public_key text not null default '',
  -- PEM, sealed for the place of private_key: it goes there unchanged when it takes that key's place.
  add column pending_private_key text,
  add check ((pending_key_type = '') = (pending_public_key = '')
    and (pending_key_type = '') = (pending_private_key is null));
