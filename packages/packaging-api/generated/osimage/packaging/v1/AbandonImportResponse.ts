// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface AbandonImportResponse {
}

export interface AbandonImportResponse__Output {
}
