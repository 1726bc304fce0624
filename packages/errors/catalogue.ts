/**
 * Every failure this product can tell a caller about: a stable code, the HTTP and gRPC status, the
 * message id of the contract (section 3.1), one sentence a person can act on and what to do next.
 * `{name}` is filled from the parameters of the error. `transient` failures of a job are retried.
 * docs/errors.md is made from this table.
 */

export type GrpcStatus =
  | 'INVALID_ARGUMENT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'ABORTED'
  | 'CANCELLED'
  | 'DEADLINE_EXCEEDED'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'INTERNAL';

export interface CatalogueEntry {
  readonly http: number;
  readonly grpc: GrpcStatus;
  /** Message id of our own range, contract section 3.1. */
  readonly id: string;
  readonly text: string;
  readonly recovery: string;
  readonly transient?: true;
}

const entry = (
  http: number,
  grpc: GrpcStatus,
  id: string,
  text: string,
  recovery: string,
  transient?: true,
): CatalogueEntry => ({ http, grpc, id, text, recovery, ...(transient && { transient }) });

export const catalogue = {
  // Requests
  invalid_request: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9001M',
    '{detail}',
    'Correct the request and send it again.',
  ),
  not_found: entry(
    404,
    'NOT_FOUND',
    'FQXHMFC9002M',
    'There is no {what} {id}.',
    'Use one of the ids that {list} shows.',
  ),
  route_not_found: entry(
    404,
    'NOT_FOUND',
    'FQXHMFC9003M',
    'There is nothing at {method} {path}.',
    'Check the method and the path.',
  ),
  method_not_allowed: entry(
    405,
    'INVALID_ARGUMENT',
    'FQXHMFC9004M',
    '{method} is not possible on {path}.',
    'Use one of: {allowed}.',
  ),
  too_large: entry(
    413,
    'INVALID_ARGUMENT',
    'FQXHMFC9005M',
    'The request body is larger than {limit} bytes.',
    'Send a smaller body; files go to POST /files/osImages as multipart/form-data.',
  ),
  unsupported_media_type: entry(
    415,
    'INVALID_ARGUMENT',
    'FQXHMFC9006M',
    'The content type {type} is not understood here.',
    'Send application/json, or multipart/form-data for an upload.',
  ),
  too_many_requests: entry(
    429,
    'RESOURCE_EXHAUSTED',
    'FQXHMSE9007M',
    'Too many failed sign-ins; the next is possible in {seconds} s.',
    'Wait, then try again.',
  ),
  internal: entry(
    500,
    'INTERNAL',
    'FQXHMFC9008M',
    'Something went wrong inside the service (reference {reference}).',
    'Look for the reference in the service log, or ask the administrator to.',
  ),
  unavailable: entry(
    503,
    'UNAVAILABLE',
    'FQXHMFC9009M',
    'The service cannot reach {what} at the moment.',
    'Nothing was lost; try again in a few seconds.',
    true,
  ),
  not_ready: entry(
    503,
    'UNAVAILABLE',
    'FQXHMFC9380M',
    'This gateway cannot serve: {why}.',
    'Send requests to another gateway, or try again in a few seconds.',
    true,
  ),
  deadline_exceeded: entry(
    503,
    'DEADLINE_EXCEEDED',
    'FQXHMFC9010M',
    'The answer took longer than the caller allowed.',
    'Try again, or allow more time.',
    true,
  ),
  conflict: entry(
    409,
    'ALREADY_EXISTS',
    'FQXHMFC9011M',
    '{detail}',
    'Choose another name, or change the object that is in the way.',
  ),
  in_use: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMFC9012M',
    '{what} {id} is still used by {users}.',
    'Remove it from there first.',
  ),
  archive_gone: entry(
    404,
    'NOT_FOUND',
    'FQXHMFC9013M',
    'The archive {id} is gone: it was {why} at {when}.',
    'Export the profile again.',
  ),
  range_not_satisfiable: entry(
    416,
    'INVALID_ARGUMENT',
    'FQXHMFC9014M',
    'The range asked for lies outside the {size} bytes of the file.',
    'Ask for a range inside the file.',
  ),
  precondition_failed: entry(
    412,
    'ABORTED',
    'FQXHMFC9601M',
    'The {what} {id} was changed since it was read.',
    'Read it again, then repeat the change with its new ETag.',
  ),

  // Licence
  licence_expired: entry(
    403,
    'PERMISSION_DENIED',
    'FQXHMSE9201M',
    'The licence to export has expired; exports are refused since {since}.',
    'Ask the administrator to renew the licence and to set LICENSE_VALID_UNTIL to its new end; finished archives can still be fetched.',
  ),

  // Sign-in
  sign_in_required: entry(
    401,
    'UNAUTHENTICATED',
    'FQXHMSE9001M',
    'This call needs a signed-in user.',
    'Sign in with POST /sessions, or send user name and password with HTTP Basic.',
  ),
  sign_in_failed: entry(
    401,
    'UNAUTHENTICATED',
    'FQXHMSE9008M',
    'The user name or the password is wrong.',
    'Check both and try again.',
  ),
  wrong_credentials: entry(
    403,
    'UNAUTHENTICATED',
    'FQXHMSE9002M',
    'The user name or the password is wrong.',
    'Check both and try again.',
  ),
  csrf_missing: entry(
    403,
    'PERMISSION_DENIED',
    'FQXHMSE9003M',
    'The header X-Csrf-Token is missing or does not match the session.',
    'Send the value of the cookie csrf in the header X-Csrf-Token.',
  ),
  cross_site: entry(
    403,
    'PERMISSION_DENIED',
    'FQXHMSE9004M',
    'A request that another web site caused is not accepted.',
    'Call the service directly.',
  ),
  privilege_missing: entry(
    403,
    'PERMISSION_DENIED',
    'FQXHMSE9005M',
    'This call needs the privilege {privilege}.',
    'Ask an administrator for a role that holds it.',
  ),
  not_owner: entry(
    403,
    'PERMISSION_DENIED',
    'FQXHMSE9006M',
    'Only the user who created import job {id} may upload to it.',
    'Create an import job of your own with POST /osImages.',
  ),
  session_unknown: entry(
    404,
    'NOT_FOUND',
    'FQXHMSE9101M',
    'There is no session {id}, or it is over.',
    'GET /sessions lists those that are not.',
  ),

  // Accounts and their keys, on the command line
  account_name_unusable: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMSE9102M',
    'An account cannot be called {name}: {detail}.',
    'Choose another name.',
  ),
  password_too_weak: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMSE9103M',
    'The password is refused: {detail}.',
    'Choose a longer one, for example some words that do not belong together.',
  ),
  account_exists: entry(
    409,
    'ALREADY_EXISTS',
    'FQXHMSE9104M',
    'There is an account {name} already.',
    'Choose another name, or change that account.',
  ),
  account_unknown: entry(
    404,
    'NOT_FOUND',
    'FQXHMSE9105M',
    'There is no account {name}.',
    '`npm run admin -- user list` shows those there are.',
  ),
  last_supervisor: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMSE9106M',
    '{name} is the only supervisor who may sign in.',
    'Make another account a supervisor first, or enable one.',
  ),
  secret_key_given: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMSE9107M',
    'The key comes from SECRET_KEY, so it must be replaced there.',
    'Start all services and this command with a new SECRET_KEY and the present one in SECRET_KEY_OLD.',
  ),

  // Transport
  certificate_unusable: entry(
    500,
    'INTERNAL',
    'FQXHMSE9301M',
    '{detail}.',
    'Correct the setting, or the file it names, and start again.',
  ),
  caller_without_name: entry(
    403,
    'UNAUTHENTICATED',
    'FQXHMSE9302M',
    "The caller's certificate holds no usable name.",
    'Use a certificate with a common name, or a subject alternative name, of at most 200 printable characters.',
  ),
  speaks_for_nobody: entry(
    403,
    'PERMISSION_DENIED',
    'FQXHMSE9303M',
    '{name} may make calls for itself only, not for the user {user}.',
    'Leave the metadata osimage-user out, or name {name} in GRPC_GATEWAYS of the packager.',
  ),
  headers_too_large: entry(
    431,
    'INVALID_ARGUMENT',
    'FQXHMSE9304M',
    'The address and the headers are larger than {limit} bytes together.',
    'Send shorter lists, in several requests.',
  ),
  request_too_slow: entry(
    408,
    'DEADLINE_EXCEEDED',
    'FQXHMSE9305M',
    'The request did not arrive in time.',
    'Send it again, without pauses.',
  ),
  too_many_connections: entry(
    503,
    'RESOURCE_EXHAUSTED',
    'FQXHMSE9306M',
    'Too many connections are open at the moment.',
    'Try again in a few seconds, and use connections again instead of opening new ones.',
  ),
  upload_too_large: entry(
    413,
    'INVALID_ARGUMENT',
    'FQXHMSE9307M',
    'The file is larger than the {limit} bytes that an upload may have.',
    'Use a smaller file, or ask the administrator to raise UPLOAD_BYTES_MOST.',
  ),

  // Profiles and imports
  base_image_not_exportable: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9101M',
    '{id} is a base image; only profiles can be exported.',
    'Export one of its profiles; GET /osImages lists them.',
  ),
  job_not_waiting: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMFC9102M',
    'Import job {id} does not wait for a file: it is {state}.',
    'Create a new import job with POST /osImages.',
  ),
  wrong_extension: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9103M',
    'A file of type {type} must end in {allowed}; {name} does not.',
    'Import the right file, or as another type.',
  ),
  wrong_content: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9104M',
    '{name} is not what its type says: {detail}.',
    'Check that the file is complete and of the type {type}.',
  ),
  bad_name: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9105M',
    'The name {name} cannot be used: {detail}.',
    'Use a plain file name without folders or control characters.',
  ),
  os_unknown: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9106M',
    'The operating system on {name} could not be told.',
    'Import it again with os and osrelease, for example os=rhels&osrelease=rhels9.4.',
  ),
  upload_cut_off: entry(
    400,
    'ABORTED',
    'FQXHMFC9107M',
    'The upload ended after {received} bytes, before it was complete.',
    'Start a new import and send the file again.',
  ),
  upload_size_mismatch: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9108M',
    'The import announced {expected} bytes, but {received} came.',
    'Send the file again, whole.',
  ),
  never_fed: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMFC9109M',
    'No file arrived for this import in time.',
    'Start a new import and send the file right after.',
  ),
  option_not_supported: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9110M',
    '{detail}',
    'GET /osImages shows which options a profile supports.',
  ),
  predefined_profile: entry(
    400,
    'FAILED_PRECONDITION',
    'FQXHMFC9111M',
    '{id} is a predefined profile, which cannot be changed.',
    'Create a customized profile from it with POST /osImages/{id}.',
  ),
  os_not_supported: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9112M',
    '{found} is not supported.',
    'Use one of the systems that GET /osImages lists under supportedImages.',
  ),

  // Archives and bundles that come in
  archive_foreign: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9501M',
    'Only archives that this service exported can be imported, and this file is none of them: {detail}.',
    'Export the profile with this service; an archive of another product, LXCA itself included, cannot be read.',
  ),
  archive_refused: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9502M',
    'The archive cannot be imported: {detail}.',
    'Export the profile again with an unchanged service and import that archive.',
  ),
  base_image_missing: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMFC9503M',
    'The archive needs the base image {id}, which is not here: an ISO of {size} bytes with the SHA-256 {sha256}.',
    'Import that ISO with imageType OS and osrelease {id}, then import the archive again.',
  ),
  base_image_differs: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMFC9504M',
    'The base image {id} here is another ISO than the archive needs: its SHA-256 is {found} instead of {sha256}.',
    'Import the archive where that very ISO is, or give the image here another id and import the right ISO.',
  ),
  predefined_not_importable: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9505M',
    'The archive holds the predefined profile {id}, and predefined profiles cannot be imported.',
    'Import the base image: its predefined profiles come with it.',
  ),
  bundle_keyring_missing: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMFC9511M',
    'No keyring is configured, so the signature of {name} cannot be checked.',
    'Set BUNDLE_KEYRING to a file with the armored public keys bundles may be signed with, and import again.',
  ),
  bundle_keyring_unusable: entry(
    500,
    'INTERNAL',
    'FQXHMFC9512M',
    'The keyring {path} cannot be used: {detail}.',
    'Correct the setting BUNDLE_KEYRING, or the file it names: armored OpenPGP public keys, one after another.',
  ),
  bundle_signature_missing: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMFC9513M',
    'There is no signature for {name}: no file {signature} was imported.',
    'Import {signature} as BUNDLESIG, then {name} as BUNDLE again.',
  ),
  bundle_signature_bad: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9514M',
    '{name} is not what {signature} was made for, or {signature} does not allow it: {detail}.',
    'Get the bundle and its signature again from where they were released, and import both.',
  ),

  // The store
  no_space: entry(
    507,
    'RESOURCE_EXHAUSTED',
    'FQXHMFC9201M',
    'Not enough space: {needed} bytes are needed, {available} are available on {where}, {reclaimable} could be freed.',
    '`npm run -s admin -- store gc --older-than 0s` frees unused content, `store retention` old archives; else delete archives or files, or enlarge the disk, then try again.',
  ),
  quota_exceeded: entry(
    507,
    'RESOURCE_EXHAUSTED',
    'FQXHMFC9920M',
    'The quota of the store does not allow this: {needed} bytes are needed, {available} of {quota} are available, {reclaimable} could be freed.',
    '`npm run -s admin -- store gc --older-than 0s` frees unused content, `store retention` old archives; else delete archives or files, or raise STORE_QUOTA_BYTES, then try again.',
  ),
  database_full: entry(
    507,
    'RESOURCE_EXHAUSTED',
    'FQXHMFC9801M',
    'The disk of the database is full, so nothing was changed.',
    'Free some space there, or ask the administrator to, then try again.',
  ),
  blob_damaged: entry(
    500,
    'DATA_LOSS',
    'FQXHMFC9202M',
    'The stored file {name} is damaged; nothing was published.',
    'Import this file again, then export again.',
  ),
  archive_damaged: entry(
    500,
    'DATA_LOSS',
    'FQXHMFC9203M',
    'The archive is damaged: {detail}.',
    'Export the profile again.',
  ),
  store_busy: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMFC9901M',
    'Another process is cleaning or checking the store already.',
    'Try again when it has ended.',
    true,
  ),
  store_unwritable: entry(
    500,
    'INTERNAL',
    'FQXHMFC9204M',
    'The store cannot be written: {detail}.',
    'Check that the disk is mounted and that the service may write to it.',
  ),

  // Jobs
  job_not_finished: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMJM9001M',
    'Job {id} is not finished.',
    'Cancel it first, or wait for its end.',
  ),
  job_is_ours: entry(
    403,
    'PERMISSION_DENIED',
    'FQXHMJM9002M',
    'Job {id} is run by the service itself; its progress cannot be set from outside.',
    'Cancel it with PUT /tasks and the action cancel.',
  ),
  job_not_retryable: entry(
    409,
    'FAILED_PRECONDITION',
    'FQXHMFC9602M',
    'Job {id} cannot run again: {detail}',
    'Start a new export or import instead.',
  ),
  idempotency_key_reused: entry(
    422,
    'FAILED_PRECONDITION',
    'FQXHMFC9603M',
    'The Idempotency-Key was used before, for another profile, server or path.',
    'Send a key of its own with each export, and the same key only with the same request.',
  ),
  cancelled: entry(
    409,
    'CANCELLED',
    'FQXHMJM9003M',
    'The job was cancelled by {by}.',
    'Start it again if it is still wanted.',
  ),
  worker_lost: entry(
    500,
    'ABORTED',
    'FQXHMJM9004M',
    'The service running this job stopped {times} times before it could finish.',
    'Look at the service log for why it stopped, then start the job again.',
  ),
  attempt_lost: entry(
    409,
    'ABORTED',
    'FQXHMJM9005M',
    'Another worker has taken this job over.',
    'Nothing to do; the other worker finishes it.',
  ),

  // Delivery
  host_unreachable: entry(
    502,
    'UNAVAILABLE',
    'FQXHMFC9301M',
    'The server {address}:{port} cannot be reached: {detail}.',
    'Check that it is running, its address and port, and the firewall between.',
    true,
  ),
  name_not_resolved: entry(
    502,
    'UNAVAILABLE',
    'FQXHMFC9302M',
    'The server name {address} cannot be resolved.',
    'Check the address of the server profile and the name service.',
    true,
  ),
  login_refused: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9303M',
    'The server {address} refused the login of user {username}.',
    'Correct user name and password of the server profile.',
  ),
  host_key_changed: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9304M',
    'The host key of {address} changed: {pinned} is pinned, the server shows {shown}.',
    'If the change is known and right, pin the new key; otherwise somebody may be in between.',
  ),
  host_key_unknown: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9315M',
    'No host key is pinned for {address}, and HOST_KEYS=pinned forbids to trust the first one.',
    'Pin the host key of the server profile, or set HOST_KEYS=first-use.',
  ),
  connection_lost: entry(
    502,
    'UNAVAILABLE',
    'FQXHMFC9305M',
    'The connection to {address} was lost: {detail}.',
    'Check the network to the server; the job tries again by itself.',
    true,
  ),
  connection_stalled: entry(
    502,
    'UNAVAILABLE',
    'FQXHMFC9306M',
    'The server {address} did not answer for {seconds} seconds.',
    'Check the network to the server and its load; the job tries again by itself.',
    true,
  ),
  remote_no_space: entry(
    502,
    'RESOURCE_EXHAUSTED',
    'FQXHMFC9307M',
    'Not enough space on {address}: {needed} bytes are needed, {available} are available.',
    'Free some space there, or choose another folder.',
  ),
  remote_permission: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9308M',
    'User {username} may not write to {path} on {address}.',
    'Correct the permissions there, or choose another path.',
  ),
  remote_no_folder: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9309M',
    'The folder {path} on {address} does not exist and could not be made.',
    'Make the folder there, or choose another path.',
  ),
  remote_not_a_folder: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9310M',
    '{path} on {address} is not a folder.',
    'Choose another path.',
  ),
  remote_failed: entry(
    502,
    'UNAVAILABLE',
    'FQXHMFC9311M',
    'The server {address} failed to {action}: {detail}.',
    'Check the log of that server; the job tries again by itself.',
    true,
  ),
  remote_mismatch: entry(
    502,
    'DATA_LOSS',
    'FQXHMFC9312M',
    'The file on {address} is not what was sent: {detail}.',
    'Check the disk of that server; the job tries again by itself.',
    true,
  ),
  remote_unverifiable: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9340M',
    'The archive on {address} cannot be verified: {detail}.',
    'Let that user read the file, or set verify of the server profile to sample or size.',
  ),
  protocol_not_supported: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9313M',
    'Delivery over {protocol} is not possible.',
    'Use a server profile with the protocol SFTP.',
  ),
  secret_needed_again: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9320M',
    'The password must be given again when address, port or protocol of server {id} change.',
    'Send the change together with the password, so that a stored one never goes to another server.',
  ),
  key_type_not_supported: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9321M',
    'A key pair of type {keyType} cannot be made.',
    'Use RSA-2048, RSA-4096 or ECDSA-521-secp521r1, or leave keyType out and give a password.',
  ),
  key_pair_not_possible: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9701M',
    '{detail}',
    'Give keyType, keyComment and keyPassphrase for a server profile with the protocol SFTP only, or leave them out.',
  ),
  key_refused: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9702M',
    'The server {address} refused the key {fingerprint} of user {username}.',
    'Put the serverPublicKey of the server profile into authorized_keys of that user, or correct the user name.',
  ),
  licence_keys_unreadable: entry(
    500,
    'INTERNAL',
    'FQXHMFC9604M',
    'The stored licence keys cannot be decrypted with the present SECRET_KEY.',
    'Restore the former key, or give the licence keys again with PUT /osdeployment/globalSettings.',
  ),
  secret_unreadable: entry(
    500,
    'INTERNAL',
    'FQXHMFC9314M',
    'The stored secret of server {id} cannot be decrypted with the present SECRET_KEY.',
    'Restore the former key, or enter the password of the server profile again.',
  ),
  secret_key_unusable: entry(
    500,
    'INTERNAL',
    'FQXHMFC9319M',
    '{detail}.',
    'Correct the setting SECRET_KEY, or the file it is kept in, and start again.',
  ),
  address_not_allowed: entry(
    400,
    'INVALID_ARGUMENT',
    'FQXHMFC9316M',
    'The address {address} may not be used for a file server: it is {why}.',
    'Use another address, or ask the administrator to allow this one with OUTBOUND_ALLOW.',
  ),
  remote_file_missing: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9401M',
    'There is no file {path} on {address}.',
    'Check the path; a relative one starts where the login lands.',
  ),
  remote_is_folder: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9402M',
    '{path} on {address} is a folder, not a file.',
    'Give the path of the file in it.',
  ),
  remote_unreadable: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9403M',
    'User {username} may not read {path} on {address}.',
    'Correct the permissions there, or use another user in the server profile.',
  ),
  remote_too_large: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9404M',
    '{path} on {address} is larger than {limit} bytes, which is the most that is fetched.',
    'Import a smaller file, or raise FETCH_MAX_GB.',
  ),
  certificate_refused: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9405M',
    'The certificate of {address} is not accepted: {detail}.',
    'Correct the certificate there or the address of the server profile, or name the authority in OUTBOUND_CA.',
  ),
  tls_failed: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9406M',
    'No TLS connection to {address} can be made: {detail}.',
    'Check the port and protocol of the server profile, and that the server speaks TLS 1.2 or later.',
  ),
  redirect_refused: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9407M',
    'The server {address} sends us on to {location}, which is not followed.',
    'Make a server profile for the place where the file really is.',
  ),
  remote_refused: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9408M',
    'The server {address} refused to {action}: {detail}.',
    'Check the path and the settings of that server.',
  ),
  no_safe_algorithm: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9317M',
    'The server {address} offers no {what} that is safe enough.',
    'Update the SSH server there, or allow a modern one in its configuration.',
  ),
  sftp_not_offered: entry(
    502,
    'FAILED_PRECONDITION',
    'FQXHMFC9318M',
    'The server {address} lets user {username} in but gives no SFTP: {detail}.',
    'Enable the sftp subsystem on that server, or use another user.',
  ),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
