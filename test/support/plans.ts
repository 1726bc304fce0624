/** How PostgreSQL answers the queries of the product: which indexes, and how many blocks. */
import type { Queryable, QueryOptions } from '@osimage/database';

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: Node[];
}

interface Plan {
  readonly text: string;
  /** Tables that are read from one end to the other. */
  readonly scanned: readonly string[];
  /** Blocks it has looked at; undefined where it was planned and not run. */
  readonly blocks: number | undefined;
}

interface Explaining extends Queryable {
  /** Of everything that was asked, in order. */
  readonly plans: Plan[];
}

/**
 * Does what it is asked in `db`, and notes the plan of each statement. What only reads is run for that; of what is
 * prepared there is also the plan for any values, which PostgreSQL may use after some calls (from version 16 on, which
 * can tell it).
 */
export function explaining(db: Queryable, serverVersion: number): Explaining {
  const plans: Plan[] = [];
  const explain = async (text: string, options: string, values: readonly unknown[]) => {
    const { rows } = await db.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
      `explain (${options}format json) ${text}`,
      values,
    );
    plans.push(planOf(text, rows[0]!['QUERY PLAN'][0].Plan, options.includes('analyze')));
  };
  return {
    plans,
    async query(text: string, values: readonly unknown[] = [], how?: QueryOptions) {
      const writes = /\b(insert into|delete from|update \w+ (\w+ )?set|for (update|share))\b/i;
      const readsOnly = /^\s*(select|with)\b/i.test(text) && !writes.test(text);
      await explain(text, readsOnly ? 'analyze, buffers, ' : '', values);
      if (how?.prepared && serverVersion >= 160_000) await explain(text, 'generic_plan, ', []);
      return await db.query(text, values, how);
    },
  };
}

function planOf(text: string, plan: Node, ran: boolean): Plan {
  const scans = nodesOf(plan).filter((node) => node['Node Type'] === 'Seq Scan');
  return {
    text,
    scanned: scans.map((node) => node['Relation Name'] ?? ''),
    blocks: ran ? (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0) : undefined,
  };
}

function nodesOf(plan: Node): Node[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}
