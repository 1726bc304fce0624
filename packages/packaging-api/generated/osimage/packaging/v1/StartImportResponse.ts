// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface StartImportResponse {
}

export interface StartImportResponse__Output {
}
