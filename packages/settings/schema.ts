/**
 * Every environment variable the product reads (design section 9): its default, its check and what it
 * means. docs/settings.md is made from this table.
 */

import { readLicenceEnd } from './licence.ts';
import { certificates, networks, readable } from './outbound.ts';

export interface Setting<Value> {
  /** What docs and error lines show as the default. */
  readonly shown: string;
  readonly meaning: string;
  /** Turns the text into the value; throws an Error whose message says what is wrong. */
  readonly parse: (text: string) => Value;
  readonly fallback: Value;
  /** May also come from the file named by NAME_FILE, and is never printed. */
  readonly secret?: true;
}

const text = (value: string): string => {
  if (value.includes('\0')) throw new Error('must not contain NUL');
  return value;
};

const port = (value: string): number => {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) throw new Error('must be a port, 0 to 65535');
  return Number(value);
};

const flag = (value: string): boolean => {
  if (value !== '0' && value !== '1') throw new Error('must be 0 or 1');
  return value === '1';
};

const oneOf =
  <Word extends string>(...words: readonly Word[]) =>
  (value: string): Word => {
    const found = words.find((word) => word === value);
    if (found === undefined) throw new Error(`must be one of ${words.join(', ')}`);
    return found;
  };

const hostPort = (value: string): string => {
  if (!/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/.test(value)) throw new Error('must be host:port');
  return value;
};

const count = (least: number, most: number) => (value: string) => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most)
    throw new Error(`must be a whole number from ${least} to ${most}`);
  return number;
};

const key = (value: string): string => {
  if (Buffer.from(value, 'base64').length !== 32) throw new Error('must be 32 bytes in base64');
  return value;
};

const keys = (value: string): string => {
  for (const part of value.split(',')) key(part.trim());
  return value;
};

/** A target of gRPC: host:port, or one of its forms with a scheme. */
const packagerAddress = (value: string): string => {
  if (!/^((dns|ipv4|ipv6|unix):\S+|(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5})$/.test(value))
    throw new Error('must be host:port, dns:///name:port, ipv4:…, ipv6:… or unix:…');
  return value;
};

const names = (value: string): string[] => {
  const list = value.split(',').map((name) => name.trim());
  if (list.some((name) => name === '')) throw new Error('must be names with commas between');
  return list;
};

/** Networks, but never all of them, which would let any caller say who it is. */
const proxies = (value: string): string[] => {
  const list = networks(value);
  const all = list.find((one) => /\/0+$/.test(one));
  if (all !== undefined) throw new Error(`must name the proxies; ${all} is everybody`);
  return list;
};

const databaseUrl = (value: string): string => {
  if (!/^postgres(ql)?:\/\//.test(value)) throw new Error('must start with postgres://');
  return value;
};

export const schema = {
  DATABASE_URL: {
    shown: 'unset',
    meaning: 'PostgreSQL 15 to 18. Unset: an embedded PostgreSQL under DATA_DIR',
    parse: databaseUrl,
    fallback: undefined as string | undefined,
    secret: true,
  },
  DATA_DIR: {
    shown: './data',
    meaning: 'The store, the embedded database and generated keys',
    parse: text,
    fallback: './data',
  },
  GATEWAY_HOST: {
    shown: '127.0.0.1',
    meaning: 'Address the gateway listens on',
    parse: text,
    fallback: '127.0.0.1',
  },
  GATEWAY_PORT: {
    shown: '8080',
    meaning: 'Port the gateway listens on; 0 takes a free one',
    parse: port,
    fallback: 8080,
  },
  TLS_CERT: {
    shown: 'unset',
    meaning:
      'PEM file: certificate of the gateway, then those it was signed by. Unset: plain HTTP on loopback, elsewhere HTTPS with a certificate made at first start',
    parse: text,
    fallback: undefined as string | undefined,
  },
  TLS_KEY: {
    shown: 'unset',
    meaning: 'PEM file: private key of TLS_CERT',
    parse: text,
    fallback: undefined as string | undefined,
  },
  TRUST_PROXY: {
    shown: 'unset',
    meaning:
      'Addresses or networks (CIDR) of proxies, with commas between, whose X-Forwarded-For and X-Forwarded-Proto count',
    parse: proxies,
    fallback: [] as string[],
  },
  HTTP_BODY_BYTES: {
    shown: '1048576',
    meaning: 'Bytes a JSON body may have',
    parse: count(1024, 64 * 1024 * 1024),
    fallback: 1024 * 1024,
  },
  HTTP_BODY_SECONDS: {
    shown: '60',
    meaning: 'Seconds within which a JSON body must have arrived',
    parse: count(1, 3600),
    fallback: 60,
  },
  HTTP_HEADER_BYTES: {
    shown: '49152',
    meaning: 'Bytes the address and the headers of a request may have together',
    parse: count(8192, 1024 * 1024),
    fallback: 48 * 1024,
  },
  HTTP_HEADERS_SECONDS: {
    shown: '30',
    meaning: 'Seconds within which the headers of a request, or a TLS handshake, must have arrived',
    parse: count(1, 3600),
    fallback: 30,
  },
  HTTP_KEEPALIVE_SECONDS: {
    shown: '72',
    meaning: 'Seconds a connection may wait for its next request; longer than the minute proxies keep theirs',
    parse: count(1, 3600),
    fallback: 72,
  },
  HTTP_IDLE_SECONDS: {
    shown: '600',
    meaning: 'Seconds after which a connection on which nothing moves during a request is closed',
    parse: count(1, 86_400),
    fallback: 600,
  },
  HTTP_CONNECTIONS_MOST: {
    shown: '2000',
    meaning: 'Connections that are served at once; requests on further ones are answered with 503',
    parse: count(1, 100_000),
    fallback: 2000,
  },
  UPLOAD_BYTES_MOST: {
    shown: '107374182400',
    meaning: 'Bytes an uploaded file may have',
    parse: count(1, Number.MAX_SAFE_INTEGER),
    fallback: 100 * 1024 ** 3,
  },
  PACKAGER_LISTEN: {
    shown: '127.0.0.1:50051',
    meaning: 'Where a packager listens; anywhere but on loopback only with GRPC_CERT',
    parse: hostPort,
    fallback: '127.0.0.1:50051',
  },
  PACKAGER_ADDRESS: {
    shown: 'PACKAGER_LISTEN',
    meaning: 'Where the gateway finds packagers; dns:/// names are balanced over',
    parse: packagerAddress,
    fallback: undefined as string | undefined,
  },
  GRPC_CA: {
    shown: 'unset',
    meaning: 'PEM file: the authorities whose certificates gateway and packagers accept from each other',
    parse: text,
    fallback: undefined as string | undefined,
  },
  GRPC_CERT: {
    shown: 'unset',
    meaning: 'PEM file: certificate of this gateway or packager. Unset: no TLS between them, loopback only',
    parse: text,
    fallback: undefined as string | undefined,
  },
  GRPC_KEY: {
    shown: 'unset',
    meaning: 'PEM file: private key of GRPC_CERT',
    parse: text,
    fallback: undefined as string | undefined,
  },
  GRPC_GATEWAYS: {
    shown: 'gateway',
    meaning:
      'Names of certificates, with commas between, whose holders a packager believes for which user they call',
    parse: names,
    fallback: ['gateway'] as string[],
  },
  PACKAGER_METRICS_LISTEN: {
    shown: 'unset',
    meaning:
      'Where a packager answers GET /metrics, /healthz and /readyz, over plain HTTP and to anybody, like 127.0.0.1:9464. Unset: nowhere',
    parse: hostPort,
    fallback: undefined as string | undefined,
  },
  PACKAGER_JOBS: { shown: '4', meaning: 'Jobs a packager runs at once', parse: count(1, 64), fallback: 4 },
  SERVER_JOBS: {
    shown: '4',
    meaning:
      'Jobs that use one remote file server at once, over all packagers, where the server has no limit of its own',
    parse: count(1, 1_000),
    fallback: 4,
  },
  ADMIN_USER: {
    shown: 'USERID',
    meaning: 'First account, created when there is none',
    parse: text,
    fallback: 'USERID',
  },
  ADMIN_PASSWORD: {
    shown: 'generated',
    meaning: 'Password of the first account; a generated one is printed once',
    parse: text,
    fallback: undefined as string | undefined,
    secret: true,
  },
  SESSION_INACTIVITY_MINUTES: {
    shown: '1440',
    meaning: 'Minutes without a request after which a session is over',
    parse: count(1, 43_200),
    fallback: 1_440,
  },
  SESSION_ABSOLUTE_MINUTES: {
    shown: '10080',
    meaning: 'Minutes after its sign-in at which a session is over, however busy it is',
    parse: count(1, 525_600),
    fallback: 10_080,
  },
  SESSIONS_PER_USER: {
    shown: '3',
    meaning: 'Sessions of one user at most; one more ends the one idle longest',
    parse: count(1, 1_000),
    fallback: 3,
  },

  SECRET_KEY: {
    shown: 'generated in DATA_DIR, mode 0600',
    meaning: '32 bytes, base64; encrypts stored passwords and private keys',
    parse: key,
    fallback: undefined as string | undefined,
    secret: true,
  },
  SECRET_KEY_OLD: {
    shown: 'unset',
    meaning: 'Other keys that may still be needed for decrypting, beside SECRET_KEY; separated by commas',
    parse: keys,
    fallback: undefined as string | undefined,
    secret: true,
  },
  HOST_KEYS: {
    shown: 'first-use',
    meaning:
      "first-use: an unknown server's host key is pinned when first seen; pinned: it must be pinned before",
    parse: oneOf('first-use', 'pinned'),
    fallback: 'first-use' as 'first-use' | 'pinned',
  },
  KNOWN_HOSTS: {
    shown: 'unset',
    meaning:
      'File in the form of known_hosts (OpenSSH): the host keys of servers whose profile has none pinned, and revoked ones for all. Read for each connection',
    parse: readable,
    fallback: undefined as string | undefined,
  },
  OUTBOUND_ALLOW: {
    shown: 'unset',
    meaning:
      'Networks that imports and exports may connect to although they are refused otherwise, like 127.0.0.0/8, fe80::/10; commas between. See docs/remote-servers.md',
    parse: networks,
    fallback: [] as string[],
  },
  OUTBOUND_CA: {
    shown: 'unset',
    meaning:
      'PEM file with certificates of authorities that HTTPS and FTPS servers may have besides the usual ones',
    parse: certificates,
    fallback: [] as string[],
  },
  FETCH_MAX_GB: {
    shown: '100',
    meaning: 'Largest file an import fetches from a remote file server, in units of 1,000,000,000 bytes',
    parse: count(1, 100_000),
    fallback: 100,
  },
  UPLOAD_LEASE: {
    shown: '1800',
    meaning: 'Seconds an import may wait for its file, or its upload stay silent, before it is given up',
    parse: count(1, 86_400),
    fallback: 1800,
  },
  STORE_QUOTA_BYTES: {
    shown: 'unset',
    meaning: 'Bytes that stored files, archives and uploads may take together. Unset: what the disk has',
    parse: count(1, Number.MAX_SAFE_INTEGER),
    fallback: undefined as number | undefined,
  },
  STORE_RESERVE_BYTES: {
    shown: '268435456',
    meaning: "Bytes of the store's disk that imports and exports leave free, for the database and others",
    parse: count(0, Number.MAX_SAFE_INTEGER),
    fallback: 256 * 1024 * 1024,
  },
  RETAIN_ARCHIVES_DAYS: {
    shown: 'unset',
    meaning: 'Archives older than this many days are removed. See docs/store.md',
    parse: count(1, 36_500),
    fallback: undefined as number | undefined,
  },
  RETAIN_ARCHIVES_BYTES: {
    shown: 'unset',
    meaning: 'The oldest archives are removed until the others have no more bytes together',
    parse: count(1, Number.MAX_SAFE_INTEGER),
    fallback: undefined as number | undefined,
  },
  RETAIN_ARCHIVES_PER_PROFILE: {
    shown: 'unset',
    meaning: 'Of each profile only this many archives are kept, the newest',
    parse: count(1, 1_000_000),
    fallback: undefined as number | undefined,
  },
  RETAIN_JOBS_DAYS: {
    shown: '90',
    meaning: 'Jobs that ended longer ago are removed, unless their archive is still here. See docs/rest.md',
    parse: count(1, 36_500),
    fallback: 90,
  },
  RETAIN_JOBS_COUNT: {
    shown: '1000000',
    meaning: 'Of the jobs that have ended only so many are kept, those that ended last',
    parse: count(1, 100_000_000),
    fallback: 1_000_000,
  },
  BUNDLE_KEYRING: {
    shown: 'unset: no bundle can be imported',
    meaning: 'File with the armored OpenPGP public keys that driver bundles (BUNDLE) may be signed with',
    parse: text,
    fallback: undefined as string | undefined,
  },
  DRAIN_SECONDS: {
    shown: '10',
    meaning:
      'Seconds a stopping packager lets its jobs go on before it hands them back, and a stopping gateway its requests before it cuts them; for a tenth of them it still takes new ones',
    parse: count(0, 3600),
    fallback: 10,
  },
  LICENSE_VALID_UNTIL: {
    shown: 'unset',
    meaning:
      'Exports are refused from then on: a date lasts to the end of that day in UTC, a time with its zone to that instant. Unset: no licence is asked for',
    parse: readLicenceEnd,
    fallback: undefined as Date | undefined,
  },
  SAMPLES: {
    shown: 'unset',
    meaning: '1: put in a small sample image with a customized profile, if absent',
    parse: flag,
    fallback: false,
  },
  LOG_LEVEL: {
    shown: 'info',
    meaning: 'fatal, error, warn, info, debug, trace or silent',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    fallback: 'info' as 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent',
  },
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof schema;
