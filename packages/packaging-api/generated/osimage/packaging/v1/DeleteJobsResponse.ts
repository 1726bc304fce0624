// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface DeleteJobsResponse {
}

export interface DeleteJobsResponse__Output {
}
