// Where there is a compiler, `npm ci` builds the part of ssh2 that encrypts for the Node that runs the services, not for
// the one npm runs on, which could not load it: uploads would get slower and nothing else tell.
import { createRequire } from 'node:module';
import t from 'tap';
import { needTool } from '../support/tools.ts';

t.test('ssh2 has its native cipher where it can be built', async (t) => {
  for (const tool of ['g++', 'make', 'python3']) if (needTool(t, tool) === undefined) return;
  const { bindingAvailable } = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js');
  t.equal(bindingAvailable, true);
});
