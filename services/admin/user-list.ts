/** `user list`: all accounts. */
import { listAccounts } from '@osimage/database';
import type { Command } from './command.ts';

export const userList: Command = {
  words: 'user list',
  takes: [],
  options: [],
  summary: 'show all accounts',
  prepare: async () => async (db) => {
    const users = (await listAccounts(db)).map((row) => ({
      name: row.name,
      role: row.role,
      disabled: row.disabled,
      created: row.created_at.toISOString(),
      passwordChanged: row.password_changed_at.toISOString(),
      sessions: row.sessions,
    }));
    const widest = Math.max(4, ...users.map(({ name }) => name.length));
    const lines = users.map(
      ({ name, role, disabled, created }) =>
        `${name.padEnd(widest)}  ${role.padEnd(14)}  ${disabled ? 'disabled' : 'enabled '}  ${created.slice(0, 10)}`,
    );
    const head = `${'NAME'.padEnd(widest)}  ${'ROLE'.padEnd(14)}  ${'STATE   '}  CREATED`;
    return { json: { users }, text: [head, ...lines].join('\n') };
  },
};
