/** What a command of `npm run admin` is made of. */
import type { Database } from '@osimage/database';
import type { Settings } from '@osimage/settings';

/** The options commands can have; every one also has --json and --help. */
export const options = {
  role: { type: 'string' },
  'password-stdin': { type: 'boolean' },
  generate: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  'older-than': { type: 'string' },
  keep: { type: 'string' },
  rate: { type: 'string' },
  deep: { type: 'boolean' },
  restart: { type: 'boolean' },
} as const;

export type OptionName = keyof typeof options;

export interface Given {
  /** What stands after the command's words, as many as `takes` names. */
  readonly args: readonly string[];
  readonly role?: string | undefined;
  readonly 'password-stdin'?: boolean | undefined;
  readonly generate?: boolean | undefined;
  readonly 'dry-run'?: boolean | undefined;
  readonly 'older-than'?: string | undefined;
  readonly keep?: string | undefined;
  readonly rate?: string | undefined;
  readonly deep?: boolean | undefined;
  readonly restart?: boolean | undefined;
}

export interface Outcome {
  /** Printed with --json. */
  readonly json: object;
  /** Printed without. */
  readonly text: string;
  /** The command did its work and found something wrong: exit code 1. */
  readonly alarming?: boolean;
}

export type Command = Head & (OnDatabase | Alone);

interface Head {
  /** How it is called: `user add`. */
  readonly words: string;
  /** Names of its arguments, `NAME`. */
  readonly takes: readonly string[];
  readonly options: readonly OptionName[];
  /** One line for the help. */
  readonly summary: string;
}

/** Works on a database that is there. */
interface OnDatabase {
  /**
   * Checks what was given and asks for what is missing, before the database is touched; gives the work. Both
   * throw UsageError or Problem.
   */
  readonly prepare: (given: Given) => Promise<(db: Database, settings: Settings) => Promise<Outcome>>;
}

/** Needs no database, or makes one. */
interface Alone {
  /** As prepare. */
  readonly prepareAlone: (given: Given) => Promise<(settings: Settings) => Promise<Outcome>>;
}

/** The command was not called as it must be. */
export class UsageError extends Error {
  override name = 'UsageError';
}
