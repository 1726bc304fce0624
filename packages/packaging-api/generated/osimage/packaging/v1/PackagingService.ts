// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AbandonImportRequest as _osimage_packaging_v1_AbandonImportRequest, AbandonImportRequest__Output as _osimage_packaging_v1_AbandonImportRequest__Output } from '../../../osimage/packaging/v1/AbandonImportRequest.ts';
import type { AbandonImportResponse as _osimage_packaging_v1_AbandonImportResponse, AbandonImportResponse__Output as _osimage_packaging_v1_AbandonImportResponse__Output } from '../../../osimage/packaging/v1/AbandonImportResponse.ts';
import type { CancelJobsRequest as _osimage_packaging_v1_CancelJobsRequest, CancelJobsRequest__Output as _osimage_packaging_v1_CancelJobsRequest__Output } from '../../../osimage/packaging/v1/CancelJobsRequest.ts';
import type { CancelJobsResponse as _osimage_packaging_v1_CancelJobsResponse, CancelJobsResponse__Output as _osimage_packaging_v1_CancelJobsResponse__Output } from '../../../osimage/packaging/v1/CancelJobsResponse.ts';
import type { CreateImportRequest as _osimage_packaging_v1_CreateImportRequest, CreateImportRequest__Output as _osimage_packaging_v1_CreateImportRequest__Output } from '../../../osimage/packaging/v1/CreateImportRequest.ts';
import type { CreateImportResponse as _osimage_packaging_v1_CreateImportResponse, CreateImportResponse__Output as _osimage_packaging_v1_CreateImportResponse__Output } from '../../../osimage/packaging/v1/CreateImportResponse.ts';
import type { DeleteJobsRequest as _osimage_packaging_v1_DeleteJobsRequest, DeleteJobsRequest__Output as _osimage_packaging_v1_DeleteJobsRequest__Output } from '../../../osimage/packaging/v1/DeleteJobsRequest.ts';
import type { DeleteJobsResponse as _osimage_packaging_v1_DeleteJobsResponse, DeleteJobsResponse__Output as _osimage_packaging_v1_DeleteJobsResponse__Output } from '../../../osimage/packaging/v1/DeleteJobsResponse.ts';
import type { GetJobRequest as _osimage_packaging_v1_GetJobRequest, GetJobRequest__Output as _osimage_packaging_v1_GetJobRequest__Output } from '../../../osimage/packaging/v1/GetJobRequest.ts';
import type { GetJobResponse as _osimage_packaging_v1_GetJobResponse, GetJobResponse__Output as _osimage_packaging_v1_GetJobResponse__Output } from '../../../osimage/packaging/v1/GetJobResponse.ts';
import type { ListJobsRequest as _osimage_packaging_v1_ListJobsRequest, ListJobsRequest__Output as _osimage_packaging_v1_ListJobsRequest__Output } from '../../../osimage/packaging/v1/ListJobsRequest.ts';
import type { ListJobsResponse as _osimage_packaging_v1_ListJobsResponse, ListJobsResponse__Output as _osimage_packaging_v1_ListJobsResponse__Output } from '../../../osimage/packaging/v1/ListJobsResponse.ts';
import type { RenewImportRequest as _osimage_packaging_v1_RenewImportRequest, RenewImportRequest__Output as _osimage_packaging_v1_RenewImportRequest__Output } from '../../../osimage/packaging/v1/RenewImportRequest.ts';
import type { RenewImportResponse as _osimage_packaging_v1_RenewImportResponse, RenewImportResponse__Output as _osimage_packaging_v1_RenewImportResponse__Output } from '../../../osimage/packaging/v1/RenewImportResponse.ts';
import type { RetryJobsRequest as _osimage_packaging_v1_RetryJobsRequest, RetryJobsRequest__Output as _osimage_packaging_v1_RetryJobsRequest__Output } from '../../../osimage/packaging/v1/RetryJobsRequest.ts';
import type { RetryJobsResponse as _osimage_packaging_v1_RetryJobsResponse, RetryJobsResponse__Output as _osimage_packaging_v1_RetryJobsResponse__Output } from '../../../osimage/packaging/v1/RetryJobsResponse.ts';
import type { StartExportRequest as _osimage_packaging_v1_StartExportRequest, StartExportRequest__Output as _osimage_packaging_v1_StartExportRequest__Output } from '../../../osimage/packaging/v1/StartExportRequest.ts';
import type { StartExportResponse as _osimage_packaging_v1_StartExportResponse, StartExportResponse__Output as _osimage_packaging_v1_StartExportResponse__Output } from '../../../osimage/packaging/v1/StartExportResponse.ts';
import type { StartImportRequest as _osimage_packaging_v1_StartImportRequest, StartImportRequest__Output as _osimage_packaging_v1_StartImportRequest__Output } from '../../../osimage/packaging/v1/StartImportRequest.ts';
import type { StartImportResponse as _osimage_packaging_v1_StartImportResponse, StartImportResponse__Output as _osimage_packaging_v1_StartImportResponse__Output } from '../../../osimage/packaging/v1/StartImportResponse.ts';
import type { TestConnectionRequest as _osimage_packaging_v1_TestConnectionRequest, TestConnectionRequest__Output as _osimage_packaging_v1_TestConnectionRequest__Output } from '../../../osimage/packaging/v1/TestConnectionRequest.ts';
import type { TestConnectionResponse as _osimage_packaging_v1_TestConnectionResponse, TestConnectionResponse__Output as _osimage_packaging_v1_TestConnectionResponse__Output } from '../../../osimage/packaging/v1/TestConnectionResponse.ts';
import type { WatchJobRequest as _osimage_packaging_v1_WatchJobRequest, WatchJobRequest__Output as _osimage_packaging_v1_WatchJobRequest__Output } from '../../../osimage/packaging/v1/WatchJobRequest.ts';
import type { WatchJobResponse as _osimage_packaging_v1_WatchJobResponse, WatchJobResponse__Output as _osimage_packaging_v1_WatchJobResponse__Output } from '../../../osimage/packaging/v1/WatchJobResponse.ts';

export interface PackagingServiceClient extends grpc.Client {
  AbandonImport(argument: _osimage_packaging_v1_AbandonImportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_AbandonImportResponse__Output>): grpc.ClientUnaryCall;
  AbandonImport(argument: _osimage_packaging_v1_AbandonImportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_AbandonImportResponse__Output>): grpc.ClientUnaryCall;
  AbandonImport(argument: _osimage_packaging_v1_AbandonImportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_AbandonImportResponse__Output>): grpc.ClientUnaryCall;
  AbandonImport(argument: _osimage_packaging_v1_AbandonImportRequest, callback: grpc.requestCallback<_osimage_packaging_v1_AbandonImportResponse__Output>): grpc.ClientUnaryCall;
  abandonImport(argument: _osimage_packaging_v1_AbandonImportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_AbandonImportResponse__Output>): grpc.ClientUnaryCall;
  abandonImport(argument: _osimage_packaging_v1_AbandonImportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_AbandonImportResponse__Output>): grpc.ClientUnaryCall;
  abandonImport(argument: _osimage_packaging_v1_AbandonImportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_AbandonImportResponse__Output>): grpc.ClientUnaryCall;
  abandonImport(argument: _osimage_packaging_v1_AbandonImportRequest, callback: grpc.requestCallback<_osimage_packaging_v1_AbandonImportResponse__Output>): grpc.ClientUnaryCall;
  
  CancelJobs(argument: _osimage_packaging_v1_CancelJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_CancelJobsResponse__Output>): grpc.ClientUnaryCall;
  CancelJobs(argument: _osimage_packaging_v1_CancelJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_CancelJobsResponse__Output>): grpc.ClientUnaryCall;
  CancelJobs(argument: _osimage_packaging_v1_CancelJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_CancelJobsResponse__Output>): grpc.ClientUnaryCall;
  CancelJobs(argument: _osimage_packaging_v1_CancelJobsRequest, callback: grpc.requestCallback<_osimage_packaging_v1_CancelJobsResponse__Output>): grpc.ClientUnaryCall;
  cancelJobs(argument: _osimage_packaging_v1_CancelJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_CancelJobsResponse__Output>): grpc.ClientUnaryCall;
  cancelJobs(argument: _osimage_packaging_v1_CancelJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_CancelJobsResponse__Output>): grpc.ClientUnaryCall;
  cancelJobs(argument: _osimage_packaging_v1_CancelJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_CancelJobsResponse__Output>): grpc.ClientUnaryCall;
  cancelJobs(argument: _osimage_packaging_v1_CancelJobsRequest, callback: grpc.requestCallback<_osimage_packaging_v1_CancelJobsResponse__Output>): grpc.ClientUnaryCall;
  
  CreateImport(argument: _osimage_packaging_v1_CreateImportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_CreateImportResponse__Output>): grpc.ClientUnaryCall;
  CreateImport(argument: _osimage_packaging_v1_CreateImportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_CreateImportResponse__Output>): grpc.ClientUnaryCall;
  CreateImport(argument: _osimage_packaging_v1_CreateImportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_CreateImportResponse__Output>): grpc.ClientUnaryCall;
  CreateImport(argument: _osimage_packaging_v1_CreateImportRequest, callback: grpc.requestCallback<_osimage_packaging_v1_CreateImportResponse__Output>): grpc.ClientUnaryCall;
  createImport(argument: _osimage_packaging_v1_CreateImportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_CreateImportResponse__Output>): grpc.ClientUnaryCall;
  createImport(argument: _osimage_packaging_v1_CreateImportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_CreateImportResponse__Output>): grpc.ClientUnaryCall;
  createImport(argument: _osimage_packaging_v1_CreateImportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_CreateImportResponse__Output>): grpc.ClientUnaryCall;
  createImport(argument: _osimage_packaging_v1_CreateImportRequest, callback: grpc.requestCallback<_osimage_packaging_v1_CreateImportResponse__Output>): grpc.ClientUnaryCall;
  
  DeleteJobs(argument: _osimage_packaging_v1_DeleteJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_DeleteJobsResponse__Output>): grpc.ClientUnaryCall;
  DeleteJobs(argument: _osimage_packaging_v1_DeleteJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_DeleteJobsResponse__Output>): grpc.ClientUnaryCall;
  DeleteJobs(argument: _osimage_packaging_v1_DeleteJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_DeleteJobsResponse__Output>): grpc.ClientUnaryCall;
  DeleteJobs(argument: _osimage_packaging_v1_DeleteJobsRequest, callback: grpc.requestCallback<_osimage_packaging_v1_DeleteJobsResponse__Output>): grpc.ClientUnaryCall;
  deleteJobs(argument: _osimage_packaging_v1_DeleteJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_DeleteJobsResponse__Output>): grpc.ClientUnaryCall;
  deleteJobs(argument: _osimage_packaging_v1_DeleteJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_DeleteJobsResponse__Output>): grpc.ClientUnaryCall;
  deleteJobs(argument: _osimage_packaging_v1_DeleteJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_DeleteJobsResponse__Output>): grpc.ClientUnaryCall;
  deleteJobs(argument: _osimage_packaging_v1_DeleteJobsRequest, callback: grpc.requestCallback<_osimage_packaging_v1_DeleteJobsResponse__Output>): grpc.ClientUnaryCall;
  
  GetJob(argument: _osimage_packaging_v1_GetJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _osimage_packaging_v1_GetJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _osimage_packaging_v1_GetJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _osimage_packaging_v1_GetJobRequest, callback: grpc.requestCallback<_osimage_packaging_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _osimage_packaging_v1_GetJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _osimage_packaging_v1_GetJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _osimage_packaging_v1_GetJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _osimage_packaging_v1_GetJobRequest, callback: grpc.requestCallback<_osimage_packaging_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  
  ListJobs(argument: _osimage_packaging_v1_ListJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _osimage_packaging_v1_ListJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _osimage_packaging_v1_ListJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _osimage_packaging_v1_ListJobsRequest, callback: grpc.requestCallback<_osimage_packaging_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _osimage_packaging_v1_ListJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _osimage_packaging_v1_ListJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _osimage_packaging_v1_ListJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _osimage_packaging_v1_ListJobsRequest, callback: grpc.requestCallback<_osimage_packaging_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  
  RenewImport(argument: _osimage_packaging_v1_RenewImportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_RenewImportResponse__Output>): grpc.ClientUnaryCall;
  RenewImport(argument: _osimage_packaging_v1_RenewImportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_RenewImportResponse__Output>): grpc.ClientUnaryCall;
  RenewImport(argument: _osimage_packaging_v1_RenewImportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_RenewImportResponse__Output>): grpc.ClientUnaryCall;
  RenewImport(argument: _osimage_packaging_v1_RenewImportRequest, callback: grpc.requestCallback<_osimage_packaging_v1_RenewImportResponse__Output>): grpc.ClientUnaryCall;
  renewImport(argument: _osimage_packaging_v1_RenewImportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_RenewImportResponse__Output>): grpc.ClientUnaryCall;
  renewImport(argument: _osimage_packaging_v1_RenewImportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_RenewImportResponse__Output>): grpc.ClientUnaryCall;
  renewImport(argument: _osimage_packaging_v1_RenewImportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_RenewImportResponse__Output>): grpc.ClientUnaryCall;
  renewImport(argument: _osimage_packaging_v1_RenewImportRequest, callback: grpc.requestCallback<_osimage_packaging_v1_RenewImportResponse__Output>): grpc.ClientUnaryCall;
  
  RetryJobs(argument: _osimage_packaging_v1_RetryJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_RetryJobsResponse__Output>): grpc.ClientUnaryCall;
  RetryJobs(argument: _osimage_packaging_v1_RetryJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_RetryJobsResponse__Output>): grpc.ClientUnaryCall;
  RetryJobs(argument: _osimage_packaging_v1_RetryJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_RetryJobsResponse__Output>): grpc.ClientUnaryCall;
  RetryJobs(argument: _osimage_packaging_v1_RetryJobsRequest, callback: grpc.requestCallback<_osimage_packaging_v1_RetryJobsResponse__Output>): grpc.ClientUnaryCall;
  retryJobs(argument: _osimage_packaging_v1_RetryJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_RetryJobsResponse__Output>): grpc.ClientUnaryCall;
  retryJobs(argument: _osimage_packaging_v1_RetryJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_RetryJobsResponse__Output>): grpc.ClientUnaryCall;
  retryJobs(argument: _osimage_packaging_v1_RetryJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_RetryJobsResponse__Output>): grpc.ClientUnaryCall;
  retryJobs(argument: _osimage_packaging_v1_RetryJobsRequest, callback: grpc.requestCallback<_osimage_packaging_v1_RetryJobsResponse__Output>): grpc.ClientUnaryCall;
  
  StartExport(argument: _osimage_packaging_v1_StartExportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_StartExportResponse__Output>): grpc.ClientUnaryCall;
  StartExport(argument: _osimage_packaging_v1_StartExportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_StartExportResponse__Output>): grpc.ClientUnaryCall;
  StartExport(argument: _osimage_packaging_v1_StartExportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_StartExportResponse__Output>): grpc.ClientUnaryCall;
  StartExport(argument: _osimage_packaging_v1_StartExportRequest, callback: grpc.requestCallback<_osimage_packaging_v1_StartExportResponse__Output>): grpc.ClientUnaryCall;
  startExport(argument: _osimage_packaging_v1_StartExportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_StartExportResponse__Output>): grpc.ClientUnaryCall;
  startExport(argument: _osimage_packaging_v1_StartExportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_StartExportResponse__Output>): grpc.ClientUnaryCall;
  startExport(argument: _osimage_packaging_v1_StartExportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_StartExportResponse__Output>): grpc.ClientUnaryCall;
  startExport(argument: _osimage_packaging_v1_StartExportRequest, callback: grpc.requestCallback<_osimage_packaging_v1_StartExportResponse__Output>): grpc.ClientUnaryCall;
  
  StartImport(argument: _osimage_packaging_v1_StartImportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_StartImportResponse__Output>): grpc.ClientUnaryCall;
  StartImport(argument: _osimage_packaging_v1_StartImportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_StartImportResponse__Output>): grpc.ClientUnaryCall;
  StartImport(argument: _osimage_packaging_v1_StartImportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_StartImportResponse__Output>): grpc.ClientUnaryCall;
  StartImport(argument: _osimage_packaging_v1_StartImportRequest, callback: grpc.requestCallback<_osimage_packaging_v1_StartImportResponse__Output>): grpc.ClientUnaryCall;
  startImport(argument: _osimage_packaging_v1_StartImportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_StartImportResponse__Output>): grpc.ClientUnaryCall;
  startImport(argument: _osimage_packaging_v1_StartImportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_StartImportResponse__Output>): grpc.ClientUnaryCall;
  startImport(argument: _osimage_packaging_v1_StartImportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_StartImportResponse__Output>): grpc.ClientUnaryCall;
  startImport(argument: _osimage_packaging_v1_StartImportRequest, callback: grpc.requestCallback<_osimage_packaging_v1_StartImportResponse__Output>): grpc.ClientUnaryCall;
  
  TestConnection(argument: _osimage_packaging_v1_TestConnectionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_TestConnectionResponse__Output>): grpc.ClientUnaryCall;
  TestConnection(argument: _osimage_packaging_v1_TestConnectionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_TestConnectionResponse__Output>): grpc.ClientUnaryCall;
  TestConnection(argument: _osimage_packaging_v1_TestConnectionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_TestConnectionResponse__Output>): grpc.ClientUnaryCall;
  TestConnection(argument: _osimage_packaging_v1_TestConnectionRequest, callback: grpc.requestCallback<_osimage_packaging_v1_TestConnectionResponse__Output>): grpc.ClientUnaryCall;
  testConnection(argument: _osimage_packaging_v1_TestConnectionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_TestConnectionResponse__Output>): grpc.ClientUnaryCall;
  testConnection(argument: _osimage_packaging_v1_TestConnectionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_osimage_packaging_v1_TestConnectionResponse__Output>): grpc.ClientUnaryCall;
  testConnection(argument: _osimage_packaging_v1_TestConnectionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_osimage_packaging_v1_TestConnectionResponse__Output>): grpc.ClientUnaryCall;
  testConnection(argument: _osimage_packaging_v1_TestConnectionRequest, callback: grpc.requestCallback<_osimage_packaging_v1_TestConnectionResponse__Output>): grpc.ClientUnaryCall;
  
  WatchJob(argument: _osimage_packaging_v1_WatchJobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_osimage_packaging_v1_WatchJobResponse__Output>;
  WatchJob(argument: _osimage_packaging_v1_WatchJobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_osimage_packaging_v1_WatchJobResponse__Output>;
  watchJob(argument: _osimage_packaging_v1_WatchJobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_osimage_packaging_v1_WatchJobResponse__Output>;
  watchJob(argument: _osimage_packaging_v1_WatchJobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_osimage_packaging_v1_WatchJobResponse__Output>;
  
}

export interface PackagingServiceHandlers extends grpc.UntypedServiceImplementation {
  AbandonImport: grpc.handleUnaryCall<_osimage_packaging_v1_AbandonImportRequest__Output, _osimage_packaging_v1_AbandonImportResponse>;
  
  CancelJobs: grpc.handleUnaryCall<_osimage_packaging_v1_CancelJobsRequest__Output, _osimage_packaging_v1_CancelJobsResponse>;
  
  CreateImport: grpc.handleUnaryCall<_osimage_packaging_v1_CreateImportRequest__Output, _osimage_packaging_v1_CreateImportResponse>;
  
  DeleteJobs: grpc.handleUnaryCall<_osimage_packaging_v1_DeleteJobsRequest__Output, _osimage_packaging_v1_DeleteJobsResponse>;
  
  GetJob: grpc.handleUnaryCall<_osimage_packaging_v1_GetJobRequest__Output, _osimage_packaging_v1_GetJobResponse>;
  
  ListJobs: grpc.handleUnaryCall<_osimage_packaging_v1_ListJobsRequest__Output, _osimage_packaging_v1_ListJobsResponse>;
  
  RenewImport: grpc.handleUnaryCall<_osimage_packaging_v1_RenewImportRequest__Output, _osimage_packaging_v1_RenewImportResponse>;
  
  RetryJobs: grpc.handleUnaryCall<_osimage_packaging_v1_RetryJobsRequest__Output, _osimage_packaging_v1_RetryJobsResponse>;
  
  StartExport: grpc.handleUnaryCall<_osimage_packaging_v1_StartExportRequest__Output, _osimage_packaging_v1_StartExportResponse>;
  
  StartImport: grpc.handleUnaryCall<_osimage_packaging_v1_StartImportRequest__Output, _osimage_packaging_v1_StartImportResponse>;
  
  TestConnection: grpc.handleUnaryCall<_osimage_packaging_v1_TestConnectionRequest__Output, _osimage_packaging_v1_TestConnectionResponse>;
  
  WatchJob: grpc.handleServerStreamingCall<_osimage_packaging_v1_WatchJobRequest__Output, _osimage_packaging_v1_WatchJobResponse>;
  
}

export interface PackagingServiceDefinition extends grpc.ServiceDefinition {
  AbandonImport: MethodDefinition<_osimage_packaging_v1_AbandonImportRequest, _osimage_packaging_v1_AbandonImportResponse, _osimage_packaging_v1_AbandonImportRequest__Output, _osimage_packaging_v1_AbandonImportResponse__Output>
  CancelJobs: MethodDefinition<_osimage_packaging_v1_CancelJobsRequest, _osimage_packaging_v1_CancelJobsResponse, _osimage_packaging_v1_CancelJobsRequest__Output, _osimage_packaging_v1_CancelJobsResponse__Output>
  CreateImport: MethodDefinition<_osimage_packaging_v1_CreateImportRequest, _osimage_packaging_v1_CreateImportResponse, _osimage_packaging_v1_CreateImportRequest__Output, _osimage_packaging_v1_CreateImportResponse__Output>
  DeleteJobs: MethodDefinition<_osimage_packaging_v1_DeleteJobsRequest, _osimage_packaging_v1_DeleteJobsResponse, _osimage_packaging_v1_DeleteJobsRequest__Output, _osimage_packaging_v1_DeleteJobsResponse__Output>
  GetJob: MethodDefinition<_osimage_packaging_v1_GetJobRequest, _osimage_packaging_v1_GetJobResponse, _osimage_packaging_v1_GetJobRequest__Output, _osimage_packaging_v1_GetJobResponse__Output>
  ListJobs: MethodDefinition<_osimage_packaging_v1_ListJobsRequest, _osimage_packaging_v1_ListJobsResponse, _osimage_packaging_v1_ListJobsRequest__Output, _osimage_packaging_v1_ListJobsResponse__Output>
  RenewImport: MethodDefinition<_osimage_packaging_v1_RenewImportRequest, _osimage_packaging_v1_RenewImportResponse, _osimage_packaging_v1_RenewImportRequest__Output, _osimage_packaging_v1_RenewImportResponse__Output>
  RetryJobs: MethodDefinition<_osimage_packaging_v1_RetryJobsRequest, _osimage_packaging_v1_RetryJobsResponse, _osimage_packaging_v1_RetryJobsRequest__Output, _osimage_packaging_v1_RetryJobsResponse__Output>
  StartExport: MethodDefinition<_osimage_packaging_v1_StartExportRequest, _osimage_packaging_v1_StartExportResponse, _osimage_packaging_v1_StartExportRequest__Output, _osimage_packaging_v1_StartExportResponse__Output>
  StartImport: MethodDefinition<_osimage_packaging_v1_StartImportRequest, _osimage_packaging_v1_StartImportResponse, _osimage_packaging_v1_StartImportRequest__Output, _osimage_packaging_v1_StartImportResponse__Output>
  TestConnection: MethodDefinition<_osimage_packaging_v1_TestConnectionRequest, _osimage_packaging_v1_TestConnectionResponse, _osimage_packaging_v1_TestConnectionRequest__Output, _osimage_packaging_v1_TestConnectionResponse__Output>
  WatchJob: MethodDefinition<_osimage_packaging_v1_WatchJobRequest, _osimage_packaging_v1_WatchJobResponse, _osimage_packaging_v1_WatchJobRequest__Output, _osimage_packaging_v1_WatchJobResponse__Output>
}
