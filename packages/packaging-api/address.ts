/** What a packager's address, in one of gRPC's forms, says about where calls go. */

/**
 * The hosts an address names, without ports: one, or those of a list. None for a Unix socket, which is this
 * machine. A name that a name server of its own choice resolves is given with that server: it is no plain host.
 */
export function hostsOf(address: string): string[] {
  const [, scheme = '', rest = ''] = /^(?:(dns|ipv4|ipv6|unix):)?(.*)$/s.exec(address) ?? [];
  if (scheme === 'unix') return [];
  const [, server = '', path = rest] = /^\/\/([^/]*)\/(.*)$/s.exec(rest) ?? [];
  const list = scheme.startsWith('ip') ? path.split(',') : [path];
  return list.map((one) => (server === '' ? '' : `${server}/`) + withoutPort(one.trim()));
}

function withoutPort(host: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host) ?? [];
  return bracketed ?? plain ?? host;
}
