-- FTPS (FTP over TLS) as a protocol of its own: whoever chooses it must never fall back to plain FTP.

alter table servers drop constraint servers_protocol_check;
alter table servers add constraint servers_protocol_check
  check (protocol in ('HTTP', 'HTTPS', 'FTP', 'FTPS', 'SFTP'));
