/** `user disable`: an account that may not sign in. */
import { changeAudited } from './change.ts';
import type { Command } from './command.ts';

export const userDisable: Command = {
  words: 'user disable',
  takes: ['NAME'],
  options: [],
  summary: 'let an account sign in no more; its sessions end',
  prepare:
    async ({ args: [name = ''] }) =>
    async (db) => {
      await changeAudited(db, 'account.disable', name, { disabled: true });
      return { json: { user: { name, disabled: true } }, text: `${name} is disabled` };
    },
};
