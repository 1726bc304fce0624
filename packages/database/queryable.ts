/** What runs statements: the pool, or a transaction. */
import type pg from 'pg';

/** What a query function needs: the pool itself, or the connection of a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    how?: QueryOptions,
  ): Promise<pg.QueryResult<Row>>;
  /** Of a transaction: runs `work` once it is committed, and never when it is not. */
  readonly afterCommit?: (work: () => void) => void;
}

export interface QueryOptions {
  /**
   * Each connection parses and plans the statement once. For short statements that run all the time, with a constant
   * text and a plan that fits any values.
   */
  readonly prepared?: boolean;
}

/** Names of prepared statements; their texts are constants of the code, so there are few. */
const statements = new Map<string, string>();

/** What `pg` wants to know of a statement. */
export function statement(
  text: string,
  values: readonly unknown[] | undefined,
  how: QueryOptions | undefined,
) {
  const query = { text, values: values as unknown[] };
  if (!how?.prepared) return query;
  const name = statements.get(text) ?? `s${statements.size}`;
  statements.set(text, name);
  return { ...query, name };
}
