/** What `--help` says. */
import { roles } from '@osimage/accounts';
import type { Command } from './command.ts';

export function helpText(commands: readonly Command[]): string {
  const calls = commands.map(({ words, takes, summary }) => [[words, ...takes].join(' '), summary] as const);
  const widest = Math.max(...calls.map(([call]) => call.length));
  return `Usage: npm run -s admin -- COMMAND [OPTIONS]

${calls.map(([call, summary]) => `  ${call.padEnd(widest)}  ${summary}`).join('\n')}

Options
  --role ROLE        ${Object.keys(roles).join(', ')}
  --password-stdin   the password is the one line of standard input
  --generate         make a password and show it, once
  --dry-run          only say what would be removed
  --older-than TIME  leave alone what is younger: 90s, 30m, 12h, 7d (store gc without it: 1h)
  --keep N           remove all but the N jobs that ended last, and what ended within the hour
  --rate MB          megabytes a second that are read (default: 50; 0: as fast as it goes)
  --deep             unpack everything and compare SHA-256, instead of the checksums of the stored bytes
  --restart          from the beginning, not where the last scrub stopped
  --json             print one JSON object: the result on standard output, {"error": …} on standard error
  --help             print this

Without --password-stdin and --generate, a terminal is asked for the password, which is not shown. Passwords are
never taken from arguments, where others could read them.

The database is the one of DATABASE_URL, or the embedded one of DATA_DIR: that of a running start, or started for the
command. Set both as for the services.

A backup holds the keys: keep it as you keep DATA_DIR (docs/backup.md).

Exit codes: 0 done, 1 failed or damage was found, 2 not called as it must be, or a setting is wrong.
`;
}
