import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from './google/protobuf/Timestamp.ts';
import type { AbandonImportRequest as _osimage_packaging_v1_AbandonImportRequest, AbandonImportRequest__Output as _osimage_packaging_v1_AbandonImportRequest__Output } from './osimage/packaging/v1/AbandonImportRequest.ts';
import type { AbandonImportResponse as _osimage_packaging_v1_AbandonImportResponse, AbandonImportResponse__Output as _osimage_packaging_v1_AbandonImportResponse__Output } from './osimage/packaging/v1/AbandonImportResponse.ts';
import type { Attempt as _osimage_packaging_v1_Attempt, Attempt__Output as _osimage_packaging_v1_Attempt__Output } from './osimage/packaging/v1/Attempt.ts';
import type { CancelJobsRequest as _osimage_packaging_v1_CancelJobsRequest, CancelJobsRequest__Output as _osimage_packaging_v1_CancelJobsRequest__Output } from './osimage/packaging/v1/CancelJobsRequest.ts';
import type { CancelJobsResponse as _osimage_packaging_v1_CancelJobsResponse, CancelJobsResponse__Output as _osimage_packaging_v1_CancelJobsResponse__Output } from './osimage/packaging/v1/CancelJobsResponse.ts';
import type { ConnectionFinding as _osimage_packaging_v1_ConnectionFinding, ConnectionFinding__Output as _osimage_packaging_v1_ConnectionFinding__Output } from './osimage/packaging/v1/ConnectionFinding.ts';
import type { CreateImportRequest as _osimage_packaging_v1_CreateImportRequest, CreateImportRequest__Output as _osimage_packaging_v1_CreateImportRequest__Output } from './osimage/packaging/v1/CreateImportRequest.ts';
import type { CreateImportResponse as _osimage_packaging_v1_CreateImportResponse, CreateImportResponse__Output as _osimage_packaging_v1_CreateImportResponse__Output } from './osimage/packaging/v1/CreateImportResponse.ts';
import type { DeleteJobsRequest as _osimage_packaging_v1_DeleteJobsRequest, DeleteJobsRequest__Output as _osimage_packaging_v1_DeleteJobsRequest__Output } from './osimage/packaging/v1/DeleteJobsRequest.ts';
import type { DeleteJobsResponse as _osimage_packaging_v1_DeleteJobsResponse, DeleteJobsResponse__Output as _osimage_packaging_v1_DeleteJobsResponse__Output } from './osimage/packaging/v1/DeleteJobsResponse.ts';
import type { ErrorDetail as _osimage_packaging_v1_ErrorDetail, ErrorDetail__Output as _osimage_packaging_v1_ErrorDetail__Output } from './osimage/packaging/v1/ErrorDetail.ts';
import type { GetJobRequest as _osimage_packaging_v1_GetJobRequest, GetJobRequest__Output as _osimage_packaging_v1_GetJobRequest__Output } from './osimage/packaging/v1/GetJobRequest.ts';
import type { GetJobResponse as _osimage_packaging_v1_GetJobResponse, GetJobResponse__Output as _osimage_packaging_v1_GetJobResponse__Output } from './osimage/packaging/v1/GetJobResponse.ts';
import type { Job as _osimage_packaging_v1_Job, Job__Output as _osimage_packaging_v1_Job__Output } from './osimage/packaging/v1/Job.ts';
import type { ListJobsRequest as _osimage_packaging_v1_ListJobsRequest, ListJobsRequest__Output as _osimage_packaging_v1_ListJobsRequest__Output } from './osimage/packaging/v1/ListJobsRequest.ts';
import type { ListJobsResponse as _osimage_packaging_v1_ListJobsResponse, ListJobsResponse__Output as _osimage_packaging_v1_ListJobsResponse__Output } from './osimage/packaging/v1/ListJobsResponse.ts';
import type { PackagingServiceClient as _osimage_packaging_v1_PackagingServiceClient, PackagingServiceDefinition as _osimage_packaging_v1_PackagingServiceDefinition } from './osimage/packaging/v1/PackagingService.ts';
import type { RenewImportRequest as _osimage_packaging_v1_RenewImportRequest, RenewImportRequest__Output as _osimage_packaging_v1_RenewImportRequest__Output } from './osimage/packaging/v1/RenewImportRequest.ts';
import type { RenewImportResponse as _osimage_packaging_v1_RenewImportResponse, RenewImportResponse__Output as _osimage_packaging_v1_RenewImportResponse__Output } from './osimage/packaging/v1/RenewImportResponse.ts';
import type { RetryJobsRequest as _osimage_packaging_v1_RetryJobsRequest, RetryJobsRequest__Output as _osimage_packaging_v1_RetryJobsRequest__Output } from './osimage/packaging/v1/RetryJobsRequest.ts';
import type { RetryJobsResponse as _osimage_packaging_v1_RetryJobsResponse, RetryJobsResponse__Output as _osimage_packaging_v1_RetryJobsResponse__Output } from './osimage/packaging/v1/RetryJobsResponse.ts';
import type { StartExportRequest as _osimage_packaging_v1_StartExportRequest, StartExportRequest__Output as _osimage_packaging_v1_StartExportRequest__Output } from './osimage/packaging/v1/StartExportRequest.ts';
import type { StartExportResponse as _osimage_packaging_v1_StartExportResponse, StartExportResponse__Output as _osimage_packaging_v1_StartExportResponse__Output } from './osimage/packaging/v1/StartExportResponse.ts';
import type { StartImportRequest as _osimage_packaging_v1_StartImportRequest, StartImportRequest__Output as _osimage_packaging_v1_StartImportRequest__Output } from './osimage/packaging/v1/StartImportRequest.ts';
import type { StartImportResponse as _osimage_packaging_v1_StartImportResponse, StartImportResponse__Output as _osimage_packaging_v1_StartImportResponse__Output } from './osimage/packaging/v1/StartImportResponse.ts';
import type { TestConnectionRequest as _osimage_packaging_v1_TestConnectionRequest, TestConnectionRequest__Output as _osimage_packaging_v1_TestConnectionRequest__Output } from './osimage/packaging/v1/TestConnectionRequest.ts';
import type { TestConnectionResponse as _osimage_packaging_v1_TestConnectionResponse, TestConnectionResponse__Output as _osimage_packaging_v1_TestConnectionResponse__Output } from './osimage/packaging/v1/TestConnectionResponse.ts';
import type { WatchJobRequest as _osimage_packaging_v1_WatchJobRequest, WatchJobRequest__Output as _osimage_packaging_v1_WatchJobRequest__Output } from './osimage/packaging/v1/WatchJobRequest.ts';
import type { WatchJobResponse as _osimage_packaging_v1_WatchJobResponse, WatchJobResponse__Output as _osimage_packaging_v1_WatchJobResponse__Output } from './osimage/packaging/v1/WatchJobResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  google: {
    protobuf: {
      Timestamp: MessageTypeDefinition<_google_protobuf_Timestamp, _google_protobuf_Timestamp__Output>
    }
  }
  osimage: {
    packaging: {
      v1: {
        AbandonImportRequest: MessageTypeDefinition<_osimage_packaging_v1_AbandonImportRequest, _osimage_packaging_v1_AbandonImportRequest__Output>
        AbandonImportResponse: MessageTypeDefinition<_osimage_packaging_v1_AbandonImportResponse, _osimage_packaging_v1_AbandonImportResponse__Output>
        Attempt: MessageTypeDefinition<_osimage_packaging_v1_Attempt, _osimage_packaging_v1_Attempt__Output>
        CancelJobsRequest: MessageTypeDefinition<_osimage_packaging_v1_CancelJobsRequest, _osimage_packaging_v1_CancelJobsRequest__Output>
        CancelJobsResponse: MessageTypeDefinition<_osimage_packaging_v1_CancelJobsResponse, _osimage_packaging_v1_CancelJobsResponse__Output>
        ConnectionFinding: MessageTypeDefinition<_osimage_packaging_v1_ConnectionFinding, _osimage_packaging_v1_ConnectionFinding__Output>
        CreateImportRequest: MessageTypeDefinition<_osimage_packaging_v1_CreateImportRequest, _osimage_packaging_v1_CreateImportRequest__Output>
        CreateImportResponse: MessageTypeDefinition<_osimage_packaging_v1_CreateImportResponse, _osimage_packaging_v1_CreateImportResponse__Output>
        DeleteJobsRequest: MessageTypeDefinition<_osimage_packaging_v1_DeleteJobsRequest, _osimage_packaging_v1_DeleteJobsRequest__Output>
        DeleteJobsResponse: MessageTypeDefinition<_osimage_packaging_v1_DeleteJobsResponse, _osimage_packaging_v1_DeleteJobsResponse__Output>
        ErrorDetail: MessageTypeDefinition<_osimage_packaging_v1_ErrorDetail, _osimage_packaging_v1_ErrorDetail__Output>
        FindingOutcome: EnumTypeDefinition
        GetJobRequest: MessageTypeDefinition<_osimage_packaging_v1_GetJobRequest, _osimage_packaging_v1_GetJobRequest__Output>
        GetJobResponse: MessageTypeDefinition<_osimage_packaging_v1_GetJobResponse, _osimage_packaging_v1_GetJobResponse__Output>
        ImageType: EnumTypeDefinition
        Job: MessageTypeDefinition<_osimage_packaging_v1_Job, _osimage_packaging_v1_Job__Output>
        JobKind: EnumTypeDefinition
        JobState: EnumTypeDefinition
        ListJobsRequest: MessageTypeDefinition<_osimage_packaging_v1_ListJobsRequest, _osimage_packaging_v1_ListJobsRequest__Output>
        ListJobsResponse: MessageTypeDefinition<_osimage_packaging_v1_ListJobsResponse, _osimage_packaging_v1_ListJobsResponse__Output>
        OnConflict: EnumTypeDefinition
        PackagingService: SubtypeConstructor<typeof grpc.Client, _osimage_packaging_v1_PackagingServiceClient> & { service: _osimage_packaging_v1_PackagingServiceDefinition }
        RenewImportRequest: MessageTypeDefinition<_osimage_packaging_v1_RenewImportRequest, _osimage_packaging_v1_RenewImportRequest__Output>
        RenewImportResponse: MessageTypeDefinition<_osimage_packaging_v1_RenewImportResponse, _osimage_packaging_v1_RenewImportResponse__Output>
        RetryJobsRequest: MessageTypeDefinition<_osimage_packaging_v1_RetryJobsRequest, _osimage_packaging_v1_RetryJobsRequest__Output>
        RetryJobsResponse: MessageTypeDefinition<_osimage_packaging_v1_RetryJobsResponse, _osimage_packaging_v1_RetryJobsResponse__Output>
        StartExportRequest: MessageTypeDefinition<_osimage_packaging_v1_StartExportRequest, _osimage_packaging_v1_StartExportRequest__Output>
        StartExportResponse: MessageTypeDefinition<_osimage_packaging_v1_StartExportResponse, _osimage_packaging_v1_StartExportResponse__Output>
        StartImportRequest: MessageTypeDefinition<_osimage_packaging_v1_StartImportRequest, _osimage_packaging_v1_StartImportRequest__Output>
        StartImportResponse: MessageTypeDefinition<_osimage_packaging_v1_StartImportResponse, _osimage_packaging_v1_StartImportResponse__Output>
        TestConnectionRequest: MessageTypeDefinition<_osimage_packaging_v1_TestConnectionRequest, _osimage_packaging_v1_TestConnectionRequest__Output>
        TestConnectionResponse: MessageTypeDefinition<_osimage_packaging_v1_TestConnectionResponse, _osimage_packaging_v1_TestConnectionResponse__Output>
        WatchJobRequest: MessageTypeDefinition<_osimage_packaging_v1_WatchJobRequest, _osimage_packaging_v1_WatchJobRequest__Output>
        WatchJobResponse: MessageTypeDefinition<_osimage_packaging_v1_WatchJobResponse, _osimage_packaging_v1_WatchJobResponse__Output>
      }
    }
  }
}

