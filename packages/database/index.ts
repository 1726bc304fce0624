export { type AuditLog, type AuditTrail, createAuditTrail } from './audit-trail.ts';
export { type Dump, loadDump, requireEmptyDatabase, requireKnown } from './dump/load.ts';
export { openSnapshot, type Snapshot } from './dump/snapshot.ts';
export {
  type EmbeddedDatabase,
  EmbeddedDatabaseError,
  type EmbeddedOptions,
  findRunningEmbedded,
  removeEmbedded,
  startEmbedded,
} from './embedded/index.ts';
export { migrate } from './migrate.ts';
export {
  type Database,
  type DatabaseOptions,
  openDatabase,
  type Queryable,
  type QueryOptions,
} from './pool.ts';
export { purgeJobs, purgeLeaseMs, purgeRuleText, purgeText } from './purge.ts';
export * from './queries/accounts.ts';
export * from './queries/archives.ts';
export * from './queries/attempts.ts';
export * from './queries/audit.ts';
export {
  appliedMigrations,
  type DumpSequence,
  type DumpTable,
  listSequences,
  listTables,
  sumNeededFiles,
  tableBytes,
} from './queries/backup.ts';
export * from './queries/blobs.ts';
export * from './queries/damage.ts';
export * from './queries/deletion.ts';
export * from './queries/exports.ts';
export * from './queries/files.ts';
export * from './queries/idempotency.ts';
export * from './queries/images.ts';
export * from './queries/imports.ts';
export * from './queries/installation.ts';
export * from './queries/jobs.ts';
export * from './queries/left-partials.ts';
export * from './queries/metrics.ts';
export * from './queries/profile-changes.ts';
export * from './queries/profile-import.ts';
export * from './queries/profiles.ts';
export * from './queries/purge.ts';
export * from './queries/purge-jobs.ts';
export * from './queries/queue.ts';
export * from './queries/retention.ts';
export * from './queries/retries.ts';
export * from './queries/samples.ts';
export * from './queries/scrub.ts';
export * from './queries/sealed.ts';
export * from './queries/servers.ts';
export * from './queries/sessions.ts';
export * from './queries/settings.ts';
export * from './queries/slots.ts';
export * from './queries/space.ts';
export * from './queries/store-hold.ts';
export * from './queries/sweep.ts';
export * from './queries/usage.ts';
export * from './queries/users.ts';
export { queueName, queueSchema } from './queue-names.ts';
export { together } from './together.ts';
export { type Look, watchJobs } from './watch.ts';
export { type WaitOptions, whenUp } from './when-up.ts';
