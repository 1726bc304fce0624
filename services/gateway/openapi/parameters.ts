/** What the parameters of paths and queries mean, by name, with an example each. */

interface Parameter {
  readonly description: string;
  readonly example: string | number | boolean;
}

const page = { description: 'How many at most', example: 100 };

const byName: Readonly<Record<string, Parameter>> = {
  after: { description: 'Go on after this: what an earlier answer gave as `next`', example: 'sample' },
  before: { description: 'Only jobs older than this one', example: '43' },
  check: { description: 'Of an archive: `true` verifies everything and keeps nothing', example: false },
  compact: { description: '`true` leaves `children` empty', example: 'true' },
  contents: {
    description: '`true` with the name of an archive answers its metadata as JSON',
    example: 'false',
  },
  createdBy: { description: 'Only jobs of this user', example: 'USERID' },
  description: { description: 'Of the object that is made', example: 'Says hello' },
  file: { description: 'A file of the page', example: 'docs.js' },
  id: {
    description: 'The id of a profile, or the name of an archive',
    example: 'sample|sample-x86_64-install-web',
  },
  imageName: { description: 'The name of the file', example: 'hello.sh' },
  imageType: { description: 'What kind of thing it is', example: 'SCRIPT' },
  'idempotency-key': {
    description: 'A repeated request with the same key gets the first answer, and no second job, for a day',
    example: 'c1b7a2f0',
  },
  'if-match': {
    description: 'Only while it has this entity tag, as `ETag` or `etag` showed it; else 412',
    example: '*',
  },
  importByContent: {
    description: '`true`: the text of an unattend or configuration file comes in the body',
    example: false,
  },
  jobId: { description: 'The import job', example: '26' },
  'last-event-id': { description: 'The id of the event that came last', example: 'q83vEjRWeJCrze8SNFZ4kA' },
  limit: page,
  list: { description: 'Ids of jobs, with commas between', example: '42' },
  name: { description: 'Only profiles whose name contains this', example: 'web' },
  onConflict: {
    description:
      'Of an archive: what to do when an id or a name is taken by other content: `fail`, `replace` or `rename`',
    example: 'fail',
  },
  os: { description: 'The operating system it is for: `rhels`, `sles`, `win`, …', example: 'rhels' },
  osrelease: { description: 'The release of the operating system', example: 'rhels9' },
  path: {
    description: 'A folder on the server when it ends in `/` or is one there, else a file',
    example: '/exports/',
  },
  serverId: { description: 'The remote file server the archive goes to', example: '1' },
  since: { description: 'Only what was made at this time or later', example: '2026-01-31T05:43:10Z' },
  status: { description: 'One state, or several with commas between', example: 'Running,Complete' },
  usesFile: { description: 'Only profiles that carry this file', example: '20260131054310_hello.sh' },
  uuid: { description: 'The id of a session', example: '6f1c2a52-6d5c-4a43-9a0e-0d3f0f2f8a11' },
};

const ofServers = { id: { description: 'The id of a remote file server', example: '1' } };

/** Where a name means something else. */
const byCall: Readonly<Record<string, Readonly<Record<string, Parameter>>>> = {
  'GET /audit': {
    action: { description: 'Only this action', example: 'profile.export' },
    before: { description: 'The `next` of the page before', example: '1769838190000-17' },
    object: {
      description: 'Only what concerns the object of this id',
      example: 'sample|sample-x86_64-install-web',
    },
    outcome: { description: 'Only what ended so', example: 'success' },
    until: { description: 'Before this time, ISO 8601', example: '2036-01-31T05:43:10Z' },
    user: { description: 'Only what this user did or tried', example: 'USERID' },
  },
  'GET /osImages': {
    id: {
      description: 'Only these profiles; with commas between',
      example: 'sample|sample-x86_64-install-web',
    },
    imageType: { description: '`OSPROFILE`: images and profiles only', example: 'OSPROFILE' },
  },
  'POST /osImages/{id}': {
    id: { description: 'A predefined profile', example: 'sample|sample-x86_64-install-Minimal' },
  },
  'PUT /osImages/{id}': {
    id: {
      description: 'A customized profile, a custom file, or the name of an archive',
      example: 'sample|sample-x86_64-install-web',
    },
    imageType: { description: 'For a file: what kind it is', example: 'SCRIPT' },
    path: { description: 'Ignored', example: '' },
    serverId: { description: 'Ignored', example: '' },
  },
  'DELETE /osImages/{id}': {
    id: {
      description: 'Ids of images, profiles and files, names of archives; with commas between',
      example: '20260131054310_web.tar.gz',
    },
  },
  'GET /osImages/remoteFileServers/{id}': ofServers,
  'PUT /osImages/remoteFileServers/{id}': ofServers,
  'DELETE /osImages/remoteFileServers/{id}': ofServers,
};

/** Gives what a parameter of a call means, or undefined for one that is not known. */
export function meaningOf(call: string, name: string): Parameter | undefined {
  return byCall[call]?.[name] ?? (Object.hasOwn(byName, name) ? byName[name] : undefined);
}
