export { migrate } from './migrate.ts';
export { type Database, type DatabaseOptions, openDatabase, type Queryable } from './pool.ts';
