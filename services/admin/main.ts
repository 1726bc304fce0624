/** `npm run admin -- COMMAND`: accounts, keys, jobs, the store and backups from the command line. One file a command; this one composes. */
import { parseArgs } from 'node:util';
import { Problem } from '@osimage/errors';
import { loadSettings, type Settings, SettingsError } from '@osimage/settings';
import { backup } from './backup.ts';
import { type Command, type Given, type OptionName, type Outcome, options, UsageError } from './command.ts';
import { withDatabase } from './connect.ts';
import { helpText } from './help.ts';
import { jobsPurge } from './jobs-purge.ts';
import { restoreBackup } from './restore.ts';
import { rotateSecrets } from './rotate-secrets.ts';
import { storeGc } from './store-gc.ts';
import { storeProtect, storeUnprotect } from './store-protect.ts';
import { storeRetention } from './store-retention.ts';
import { storeScrub } from './store-scrub.ts';
import { storeUsage } from './store-usage.ts';
import { userAdd } from './user-add.ts';
import { userDisable } from './user-disable.ts';
import { userEnable } from './user-enable.ts';
import { userList } from './user-list.ts';
import { userPassword } from './user-password.ts';
import { userRole } from './user-role.ts';
import { verifyBackup } from './verify-backup.ts';

const commands = [
  userAdd,
  userList,
  userRole,
  userPassword,
  userDisable,
  userEnable,
  rotateSecrets,
  storeUsage,
  storeGc,
  storeScrub,
  storeRetention,
  storeProtect,
  storeUnprotect,
  jobsPurge,
  backup,
  verifyBackup,
  restoreBackup,
];
const argv = process.argv.slice(2);
const asJson = argv.includes('--json');

try {
  await main();
} catch (error) {
  process.stderr.write(`${asJson ? JSON.stringify({ error: reportOf(error) }) : lineOf(error)}\n`);
  process.exitCode = error instanceof UsageError || error instanceof SettingsError ? 2 : 1;
}

async function main(): Promise<void> {
  const { values, positionals } = parse();
  if (values.help) {
    process.stdout.write(helpText(commands));
    return;
  }
  const command = find(positionals);
  const args = positionals.slice(command.words.split(' ').length);
  if (args.length !== command.takes.length)
    throw new UsageError(`it must be: ${[command.words, ...command.takes].join(' ')}`);
  for (const name of Object.keys(options) as OptionName[])
    if (values[name] !== undefined && !command.options.includes(name))
      throw new UsageError(`${command.words} has no option --${name}`);
  const settings = loadSettings(process.env);
  const { json, text, alarming } = await run(command, { args, ...values }, settings);
  if (alarming) process.exitCode = 1;
  process.stdout.write(`${asJson ? JSON.stringify(json) : text}\n`);
}

async function run(command: Command, given: Given, settings: Settings): Promise<Outcome> {
  if ('prepareAlone' in command) return await (await command.prepareAlone(given))(settings);
  const work = await command.prepare(given);
  return await withDatabase(settings, (db) => work(db, settings));
}

function parse() {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: { ...options, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    // Its first sentence; what follows is about ways of writing that nobody means here.
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}

function find(positionals: readonly string[]): Command {
  const said = positionals.join(' ');
  const command = commands.find(({ words }) => `${said} `.startsWith(`${words} `));
  if (command) return command;
  throw new UsageError(
    said === ''
      ? 'a command is needed; --help lists them'
      : `there is no command ${positionals.slice(0, 2).join(' ')}; --help lists them`,
  );
}

function reportOf(error: unknown): object {
  if (error instanceof Problem) return error.toJSON();
  const text = error instanceof Error ? error.message : String(error);
  return { code: error instanceof UsageError || error instanceof SettingsError ? 'usage' : 'failed', text };
}

function lineOf(error: unknown): string {
  if (error instanceof Problem) return `${error.message} ${error.recovery}`;
  return error instanceof Error ? error.message : String(error);
}
