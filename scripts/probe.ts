/**
 * `node scripts/probe.ts gateway|packager`: asks the service that runs with the same settings on this machine whether
 * it can serve, and exits with 0 when it can. For health checks of containers.
 */
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connectPackager, openIdentity } from '@osimage/packaging-api';
import { loadSettings, type Settings } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';

const withinMs = 5_000;

const probes: Record<string, (settings: Settings) => Promise<boolean>> = { gateway, packager };
const probe = probes[process.argv[2] ?? ''];
if (!probe) {
  console.error('Say which: gateway or packager');
  process.exit(2);
}
const serving = await probe(loadSettings(process.env));
if (!serving) console.error('cannot serve');
process.exit(serving ? 0 : 1);

async function gateway(settings: Settings): Promise<boolean> {
  const secure = settings.TLS_CERT !== undefined || !/^(127\.|::1$|localhost$)/.test(settings.GATEWAY_HOST);
  const host = /^(0\.0\.0\.0|::)$/.test(settings.GATEWAY_HOST) ? 'localhost' : settings.GATEWAY_HOST;
  const options = { host, port: settings.GATEWAY_PORT, path: '/readyz', timeout: withinMs };
  const { promise, resolve } = Promise.withResolvers<boolean>();
  // Nothing secret is said, and what is asked is this machine: whose certificate it has does not matter.
  const asked = secure ? secureRequest({ ...options, rejectUnauthorized: false }) : plainRequest(options);
  asked.on('response', (answer) => resolve(answer.statusCode === 200));
  asked.on('timeout', () => asked.destroy());
  asked.on('error', () => resolve(false));
  asked.on('close', () => resolve(false));
  asked.end();
  return promise;
}

async function packager(settings: Settings): Promise<boolean> {
  const port = settings.PACKAGER_LISTEN.slice(settings.PACKAGER_LISTEN.lastIndexOf(':'));
  const grpc = await openIdentity(settings, createLogger('probe', settings.LOG_LEVEL));
  return await connectPackager(`localhost${port}`, grpc?.identity).serving(withinMs);
}
