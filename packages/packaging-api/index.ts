export { hostsOf } from './address.ts';
export {
  auditedMetadata,
  type CallOptions,
  connectPackager,
  type PackagingClient,
  requestIdMetadata,
  userMetadata,
} from './client.ts';
export { api, packageDefinition } from './definition.ts';
export type { CreateImportRequest__Output as CreateImportRequest } from './generated/osimage/packaging/v1/CreateImportRequest.ts';
export type { ErrorDetail } from './generated/osimage/packaging/v1/ErrorDetail.ts';
export { ImageType } from './generated/osimage/packaging/v1/ImageType.ts';
export type { Job } from './generated/osimage/packaging/v1/Job.ts';
export { JobKind } from './generated/osimage/packaging/v1/JobKind.ts';
export { JobState } from './generated/osimage/packaging/v1/JobState.ts';
export { OnConflict } from './generated/osimage/packaging/v1/OnConflict.ts';
export type { PackagingServiceHandlers } from './generated/osimage/packaging/v1/PackagingService.ts';
export type { StartExportRequest__Output as StartExportRequest } from './generated/osimage/packaging/v1/StartExportRequest.ts';
export type { StartImportRequest__Output as StartImportRequest } from './generated/osimage/packaging/v1/StartImportRequest.ts';
export type { WatchJobRequest__Output as WatchJobRequest } from './generated/osimage/packaging/v1/WatchJobRequest.ts';
export type { WatchJobResponse } from './generated/osimage/packaging/v1/WatchJobResponse.ts';
export type { Identity } from './identity.ts';
export { openIdentity } from './open-identity.ts';
export { fromStatus, toErrorDetail, toStatus } from './status.ts';
