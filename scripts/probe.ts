/**
 * `node scripts/probe.ts URL`: asks a service for its `/readyz` and exits with 0 when it can serve. For health checks of
 * containers, which ask every few seconds: it loads nothing of ours, which would take five times the processor time.
 */
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';

const withinMs = 5_000;

const url = URL.parse(process.argv[2] ?? '');
if (!url || !/^https?:$/.test(url.protocol)) {
  console.error('usage: node scripts/probe.ts http://… or https://…');
  process.exit(2);
}
// Nothing secret is said, and what is asked is this machine: whose certificate it has does not matter.
const options = { signal: AbortSignal.timeout(withinMs), rejectUnauthorized: false };
const asked = url.protocol === 'https:' ? secureRequest(url, options) : plainRequest(url, options);
asked.on('response', (answer) => {
  if (answer.statusCode !== 200) console.error(`it answers ${answer.statusCode}`);
  process.exit(answer.statusCode === 200 ? 0 : 1);
});
asked.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
asked.end();
