/** `user enable`: a disabled account may sign in again. */
import { changeAudited } from './change.ts';
import type { Command } from './command.ts';

export const userEnable: Command = {
  words: 'user enable',
  takes: ['NAME'],
  options: [],
  summary: 'let a disabled account sign in again',
  prepare:
    async ({ args: [name = ''] }) =>
    async (db) => {
      await changeAudited(db, 'account.enable', name, { disabled: false });
      return { json: { user: { name, disabled: false } }, text: `${name} is enabled` };
    },
};
