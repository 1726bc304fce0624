/**
 * Builds the part of ssh2 that encrypts in native code, for the Node that runs the services: uploads then take less of
 * the processor. `npm ci` calls it. Without a compiler, or without the headers of that Node, ssh2 encrypts with what
 * Node has, and all works as before. Plain JavaScript: an older Node may have been told to install.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const { execPath, version, versions, platform, arch } = process;
const root = join(import.meta.dirname, '..');
/** Beside Node where it was unpacked, or in the package that brings it. */
const homes = [
  dirname(dirname(execPath)),
  join(root, `node_modules/node/node_modules/node-${platform}-${arch}`),
];

const failure = build();
if (failure) console.log(`ssh2 without its native cipher, which makes uploads a little slower: ${failure}`);

function build() {
  const home = homes.find((folder) => existsSync(join(folder, 'include/node/node.h')));
  if (!home) return `no headers of Node ${version}`;
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('ssh2/package.json')),
    'lib/protocol/crypto',
  );
  const openssl = versions.openssl.split('.')[0];
  const args = ['rebuild', `--target=${version}`, `--real_openssl_major=${openssl}`];
  // npm may have been told of another Node's headers, and what is in the environment counts before what is in `args`.
  const env = { ...process.env, npm_config_nodedir: home, npm_config_loglevel: 'error' };
  const { status, error, stderr } = spawnSync('node-gyp', args, { cwd: folder, env, encoding: 'utf8' });
  if (status === 0) return '';
  const why =
    /gyp ERR! stack (.*)/.exec(stderr ?? '')?.[1] ?? error?.message ?? `node-gyp ended with ${status}`;
  return why.trim();
}
