/** Runs what people pipe together. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a line of bash; gives what it prints. Throws when any part of it fails. */
export async function shell(command: string): Promise<string> {
  const child = spawn('bash', ['-c', `set -o pipefail; ${command}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command}: exit code ${code}`);
  return said;
}
