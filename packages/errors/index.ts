export { type CatalogueEntry, catalogue, type ErrorCode, type GrpcStatus } from './catalogue.ts';
export { notFound } from './not-found.ts';
export {
  asAway,
  DatabaseAway,
  isDatabaseAway,
  Problem,
  type ProblemParams,
  type ProblemReport,
  systemCode,
  toProblem,
} from './problem.ts';
