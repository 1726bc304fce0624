/** Where a new password comes from. Never an argument: those are seen in process lists and kept in histories. */
import { checkNewPassword, generatePassword } from '@osimage/accounts';
import { type Given, UsageError } from './command.ts';
import { askHidden } from './prompt.ts';

/** Far more than the longest password. */
const mostInput = 8_192;

export interface NewPassword {
  readonly password: string;
  /** Made by us, so it must be shown. */
  readonly generated: boolean;
}

/**
 * Takes the password for account `name` from standard input, makes one, or asks for it at a terminal. Throws
 * UsageError, or Problem password_too_weak.
 */
export async function newPassword(given: Given, name: string): Promise<NewPassword> {
  if (given.generate && given['password-stdin'])
    throw new UsageError('give either --password-stdin or --generate');
  if (given.generate) return { password: generatePassword(), generated: true };
  const password = given['password-stdin'] ? await readInput() : await ask(name);
  await checkNewPassword(password, name);
  return { password, generated: false };
}

/** One line; the end of the line is no part of it. */
async function readInput(): Promise<string> {
  let text = '';
  for await (const part of process.stdin.setEncoding('utf8')) {
    text += part;
    if (text.length > mostInput) break;
  }
  const password = text.replace(/\r?\n$/, '');
  if (password === '' || password.includes('\n') || text.length > mostInput)
    throw new UsageError('standard input must hold the password and nothing else, in one line');
  return password;
}

async function ask(name: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new UsageError('there is no terminal to ask for the password: give --password-stdin or --generate');
  const [password = '', again] = await askHidden([`New password for ${name}: `, 'Once more: ']);
  if (again !== password) throw new UsageError('the two passwords differ');
  return password;
}
