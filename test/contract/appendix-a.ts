/**
 * Appendix A of the contract as a table, written from its text and not from our schemas: each row with the
 * attributes of its answer and every code that a client can bring about. 500 is not among them: nothing a client
 * sends may lead to it.
 */

/** S text, I whole number, N number, B true or false, O object, A list, S? text or null. */
type Kind = 'S' | 'I' | 'N' | 'B' | 'O' | 'A' | 'S?' | 'O?';

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly form?: string;
  /** Who asks; the administrator when absent. */
  readonly as?: 'nobody' | 'operator' | 'another' | 'session without token' | 'another site';
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Row {
  readonly row: string;
  readonly ask: Ask;
  /** By place in the answer: `items[].profiles[].id`. Every element of a list is looked at. */
  readonly attributes: Readonly<Record<string, Kind>>;
  /** The envelope: with objects, with strings, or none. */
  readonly envelope: 'objects' | 'strings' | 'none';
  readonly refused: readonly (readonly [status: number, ask: Partial<Ask>])[];
}

/** What only a running installation knows. */
export interface Known {
  readonly waitingJob: string;
  readonly foreignJob: string;
  readonly endedJob: string;
  readonly runningJob: string;
  /** An import. */
  readonly cancelledJob: string;
  readonly serverId: string;
  readonly usedFile: string;
  readonly archive: string;
  readonly session: string;
}

const base = '/osImages/sample%7Csample-x86_64-install-Minimal';
const web = '/osImages/sample%7Csample-x86_64-install-web';
const servers = '/osImages/remoteFileServers';
const server = { address: '192.0.2.7', displayName: 'row', port: 22, protocol: 'SFTP' };
const profile = { name: 'row', customizationOptions: null };
const unsigned = [401, { as: 'nobody' }] as const;
const unprivileged = [403, { as: 'operator' }] as const;
const forged = [403, { as: 'session without token' }] as const;
const elsewhere = [403, { as: 'another site' }] as const;

const sessionAttributes = {
  id: 'S',
  UserId: 'S',
  Address: 'S',
  authenticationServer: 'S',
  created: 'S',
  lastAccessed: 'S',
  idleFor: 'S',
  inactivityTimeout: 'I',
  isOwnSession: 'B',
} as const;
const serverAttributes = {
  serverId: 'S',
  address: 'S',
  displayName: 'S',
  port: 'I',
  protocol: 'S',
  username: 'S',
  keyType: 'S',
  serverPublicKey: 'S',
  keySignature: 'S',
} as const;
/** Appendix B.1. */
const jobAttributes = {
  jobUID: 'S',
  status: 'S',
  jobState: 'S',
  percentage: 'N',
  children: 'A',
  complete: 'B',
  createdBy: 'S',
  error: 'O?',
  attempts: 'A',
  step: 'S',
  bytesDone: 'I',
  bytesTotal: 'I',
  profileId: 'S?',
  serverId: 'S?',
  filename: 'S?',
  finalPath: 'S?',
  jobTitle: 'S',
  jobCategory: 'S',
  startTime: 'S',
  endTime: 'S?',
  isCancelable: 'B',
} as const;
const under = (place: string, attributes: Readonly<Record<string, Kind>>): Record<string, Kind> =>
  Object.fromEntries(Object.entries(attributes).map(([name, kind]) => [`${place}${name}`, kind]));
const core = (list: string) =>
  under(`${list}[].`, {
    id: 'S',
    name: 'S',
    description: 'S',
    os: 'S',
    osrelease: 'S',
    type: 'S',
    size: 'I',
  });

/** Rows in an order in which each finds what it needs. */
export function appendixA(known: Known): Row[] {
  const upload = (jobId: string) =>
    `/files/osImages?jobId=${jobId}&imageType=SCRIPT&imageName=row.sh&os=rhels`;
  return [
    {
      row: 'POST /sessions',
      ask: {
        method: 'POST',
        path: '/sessions',
        as: 'nobody',
        body: { UserId: 'USERID', password: 'Passw0rd-of-the-tests' },
      },
      attributes: {
        'response.pwChangeRequired': 'B',
        ...under('response.session.', { ...sessionAttributes, csrf: 'S' }),
      },
      envelope: 'objects',
      refused: [
        [400, { body: { UserId: 'USERID' } }],
        [400, { body: { userid: 'USERID', password: 'x' } }],
        [403, { body: { UserId: 'USERID', password: 'wrong' } }],
      ],
    },
    {
      row: 'GET /sessions',
      ask: { method: 'GET', path: '/sessions' },
      attributes: under('response[].', sessionAttributes),
      envelope: 'objects',
      refused: [unsigned, [400, { path: '/sessions?x=1' }]],
    },
    {
      row: 'DELETE /sessions/{uuid}',
      ask: { method: 'DELETE', path: `/sessions/${known.session}` },
      attributes: {},
      envelope: 'objects',
      refused: [
        unsigned,
        forged,
        [404, { path: '/sessions/FQXHMSE0001I' }],
        [404, { path: `/sessions/${'x'.repeat(150)}` }],
        [400, { path: '/sessions/a%00' }],
      ],
    },
    {
      row: 'DELETE /sessions',
      ask: { method: 'DELETE', path: '/sessions' },
      attributes: {},
      envelope: 'objects',
      refused: [unsigned, forged, elsewhere, [400, { body: { x: 1 } }]],
    },
    {
      row: 'GET /aicc',
      ask: { method: 'GET', path: '/aicc' },
      attributes: {
        ...under('appliance.', {
          build: 'S',
          date: 'S',
          name: 'S',
          status: 'S',
          uuid: 'S',
          version: 'S',
          runlevel: 'I',
        }),
        'appliance_states[].description': 'S',
        'appliance_states[].runlevel': 'I',
        'date.date_time': 'S',
        'date.time_format': 'S',
        'date.timezone': 'S',
        'date.timezone_id': 'S',
        'date.timezones': 'A',
        ...under('date.parts.', { yyyy: 'I', mm: 'I', dd: 'I', hours: 'I', mins: 'I', secs: 'I' }),
        network_interfaces: 'A',
        'ntp.servers': 'A',
        services: 'A',
        service_states: 'A',
        subscriptions: 'A',
      },
      envelope: 'none',
      refused: [unsigned],
    },
    {
      row: 'GET /osImages',
      ask: { method: 'GET', path: '/osImages' },
      attributes: {
        ...under('items[].', {
          id: 'S',
          name: 'S',
          description: 'S',
          type: 'S',
          osrelease: 'S',
          osBuildId: 'S',
          deployStatus: 'S',
          profiles: 'A',
        }),
        ...under('items[].profiles[].', {
          id: 'S',
          name: 'S',
          description: 'S',
          type: 'S',
          customizationOptions: 'O?',
        }),
        bootFiles: 'A',
        bundleFiles: 'A',
        ...core('driverFiles'),
        ...core('installScriptFiles'),
        ...core('softwareFiles'),
        ...core('unattendFiles'),
        ...core('configFiles'),
        'softwareFiles[].version': 'S',
        'configFiles[].version': 'S',
        'configFiles[].associatedFileId': 'S',
        ...under('supportedImages[].', { id: 'S', name: 'S', displayName: 'S', type: 'S' }),
        ...under('exportFiles[].', {
          id: 'S',
          name: 'S',
          size: 'I',
          sha256: 'S',
          profileId: 'S',
          jobUID: 'S',
          created: 'S',
        }),
      },
      envelope: 'objects',
      refused: [unsigned, [400, { path: '/osImages?imageType=OS' }]],
    },
    {
      row: 'GET /osImages?imageType=OSPROFILE&id={list}',
      ask: {
        method: 'GET',
        path: '/osImages?imageType=OSPROFILE&id=sample%7Csample-x86_64-install-web,nothing%7Cx',
      },
      attributes: { 'items[].profiles[].id': 'S' },
      envelope: 'objects',
      refused: [],
    },
    {
      row: 'POST /osImages',
      ask: { method: 'POST', path: '/osImages/?imageType=SCRIPT', body: { Action: 'Init', fileSize: '10' } },
      attributes: { jobId: 'S' },
      envelope: 'objects',
      refused: [
        unsigned,
        unprivileged,
        forged,
        elsewhere,
        [400, { body: {} }],
        [400, { body: { Action: 'stop' } }],
        [400, { path: '/osImages?imageType=MOVIE' }],
        [400, { path: '/osImages?imageType=SCRIPT&importByContent=true' }],
      ],
    },
    {
      row: 'POST /files/osImages',
      ask: { method: 'POST', path: upload(known.waitingJob), form: '#!/bin/sh\necho row\n' },
      attributes: { jobId: 'S' },
      envelope: 'objects',
      refused: [
        unsigned,
        unprivileged,
        forged,
        [400, { path: upload(known.waitingJob).replace('SCRIPT', 'OS') }],
        [400, { path: '/files/osImages?imageType=SCRIPT&imageName=row.sh' }],
        [403, { path: upload(known.foreignJob) }],
        [404, { path: upload('999999') }],
        [409, { path: upload(known.cancelledJob) }],
      ],
    },
    {
      row: 'POST /osImages/{id}',
      ask: { method: 'POST', path: base, body: { profile } },
      attributes: { id: 'S' },
      envelope: 'objects',
      refused: [
        unsigned,
        unprivileged,
        forged,
        elsewhere,
        [400, { body: {} }],
        [400, { body: { profile: { name: 'x' } } }],
        [
          400,
          {
            body: {
              profile: {
                ...profile,
                name: 'y',
                customizationOptions: { bootOptions: { bootFileIds: [known.usedFile] } },
              },
            },
          },
        ],
        [404, { path: '/osImages/nothing%7Cnothing' }],
        [409, { body: { profile: { ...profile, name: 'web' } } }],
      ],
    },
    {
      row: 'PUT /osImages/{id} (profile)',
      ask: {
        method: 'PUT',
        path: `${base.replace('Minimal', 'row')}?serverId=1&path=/x`,
        body: { profile: { description: 'changed' } },
      },
      attributes: {},
      envelope: 'objects',
      refused: [
        unsigned,
        unprivileged,
        forged,
        elsewhere,
        [400, { path: base }],
        [400, { body: { profile: 1 } }],
        [400, { body: { customSoftware: {} } }],
        [404, { path: '/osImages/nothing%7Cnothing' }],
        [409, { body: { profile: { name: 'web' } } }],
        [412, { headers: { 'if-match': '"of-before"' } }],
      ],
    },
    {
      row: 'PUT /osImages/{id} (file)',
      ask: {
        method: 'PUT',
        path: `/osImages/${known.usedFile}?imageType=SCRIPT`,
        body: { installScript: { description: 'changed', version: '2' } },
      },
      attributes: {},
      envelope: 'objects',
      refused: [
        unprivileged,
        [400, { path: `/osImages/${known.usedFile}?imageType=CONFIG` }],
        [404, { path: '/osImages/nothing?imageType=SCRIPT' }],
      ],
    },
    {
      row: 'GET /osImages/{id}',
      ask: { method: 'GET', path: web },
      attributes: { filename: 'S', jobID: 'S', jobId: 'S', result: 'S', messages: 'A' },
      envelope: 'strings',
      refused: [
        unsigned,
        unprivileged,
        forged,
        elsewhere,
        [400, { path: '/osImages/sample' }],
        [400, { path: `${web}?serverId=${known.serverId}&path=/a/../b` }],
        [400, { path: `${web}?serverID=1` }],
        [404, { path: '/osImages/nothing%7Cnothing' }],
        [404, { path: `${web}?serverId=999` }],
        [404, { path: `/osImages/${'x'.repeat(180)}` }],
      ],
    },
    {
      row: 'GET /osImages/{file_name}',
      ask: { method: 'GET', path: `/osImages/${known.archive}?contents=true` },
      attributes: { filename: 'S', size: 'I', sha256: 'S' },
      envelope: 'strings',
      refused: [
        [401, { as: 'nobody', path: `/osImages/${known.archive}` }],
        [403, { as: 'operator', path: `/osImages/${known.archive}` }],
        [404, { path: '/osImages/20000101000000_x.tar.gz' }],
      ],
    },
    {
      row: 'POST /osImages/remoteFileServers',
      ask: { method: 'POST', path: servers, body: server },
      attributes: serverAttributes,
      envelope: 'objects',
      refused: [
        unsigned,
        unprivileged,
        forged,
        elsewhere,
        [400, { body: {} }],
        [400, { body: { ...server, displayName: 'known' } }],
        [400, { body: { ...server, displayName: 'x', protocol: 'SMB' } }],
        [400, { body: { ...server, displayName: 'x', port: 0 } }],
      ],
    },
    {
      row: 'GET /osImages/remoteFileServers',
      ask: { method: 'GET', path: servers },
      attributes: under('serverList[].', serverAttributes),
      envelope: 'objects',
      refused: [unsigned],
    },
    {
      row: 'GET /osImages/remoteFileServers/{id}',
      ask: { method: 'GET', path: `${servers}/${known.serverId}` },
      attributes: serverAttributes,
      envelope: 'objects',
      refused: [unsigned, [404, { path: `${servers}/999` }]],
    },
    {
      row: 'PUT /osImages/remoteFileServers/{id}',
      ask: {
        method: 'PUT',
        path: `${servers}/${known.serverId}`,
        body: { ...server, displayName: 'known 2', address: '192.0.2.9' },
      },
      attributes: serverAttributes,
      envelope: 'objects',
      refused: [
        unsigned,
        unprivileged,
        forged,
        elsewhere,
        [400, { body: { ...server, displayName: 'row' } }],
        [400, { body: { port: 'x' } }],
        [400, { body: { address: '198.51.100.1' } }],
        [404, { path: `${servers}/999` }],
        [412, { headers: { 'if-match': '"of-before"' } }],
      ],
    },
    {
      row: 'DELETE /osImages/remoteFileServers/{id}',
      ask: { method: 'DELETE', path: `${servers}/${known.serverId}`, body: {} },
      attributes: {},
      envelope: 'objects',
      refused: [unsigned, unprivileged, forged, elsewhere, [404, { path: `${servers}/999` }]],
    },
    ...['/osdeployment', '/osImages'].flatMap((place): Row[] => [
      {
        row: `GET ${place}/globalSettings`,
        ask: { method: 'GET', path: `${place}/globalSettings` },
        attributes: {
          'deploySettings.ipDuplicationCheckEnabled': 'B',
          'deploySettings.stateTransitionTimeout': 'I',
          'globalSetting.activeDirectory.allDomains': 'A',
          'globalSetting.activeDirectory.defaultDomain': 'S?',
          'globalSetting.credentials': 'A',
          'globalSetting.ipAssignment': 'S',
          'globalSetting.isVLANMode': 'B',
          'globalSetting.licenseKeys': 'O',
        },
        envelope: 'objects',
        refused: [unsigned],
      },
      {
        row: `PUT ${place}/globalSettings`,
        ask: {
          method: 'PUT',
          path: `${place}/globalSettings`,
          body: {
            activeDirectory: {
              allDomains: [{ domainName: 'example.com', id: 0, OU: '' }],
              defaultDomain: null,
            },
            credentials: [{ type: 'LINUX', name: 'root', password: 'Passw0rd-row', passwordChanged: true }],
            ipAssignment: 'dhcpv4',
            isVLANMode: 'false',
            licenseKeys: { win2016r1: { dataCenterLicenseKey: '', standardLicenseKey: '' } },
          },
        },
        attributes: {},
        envelope: 'objects',
        refused: [
          unsigned,
          unprivileged,
          forged,
          elsewhere,
          [400, { body: { ipAssignment: 'bootp' } }],
          [400, { body: { globalSetting: {} } }],
        ],
      },
      {
        row: `GET ${place}/connection`,
        ask: { method: 'GET', path: `${place}/connection` },
        attributes: {},
        envelope: 'objects',
        refused: [unsigned],
      },
    ]),
    {
      row: 'GET /tasks',
      ask: { method: 'GET', path: '/tasks?compact=true' },
      attributes: under('[].', jobAttributes),
      envelope: 'none',
      refused: [unsigned, [400, { path: '/tasks?limit=0' }]],
    },
    {
      row: 'GET /tasks/{list}',
      ask: { method: 'GET', path: `/tasks/${known.endedJob},${known.foreignJob}?compact=true` },
      attributes: under('[].', jobAttributes),
      envelope: 'none',
      refused: [
        unsigned,
        [404, { path: '/tasks/999999' }],
        [404, { path: `/tasks/${known.endedJob},999999` }],
      ],
    },
    {
      row: 'PUT /tasks',
      ask: { method: 'PUT', path: '/tasks', body: { action: 'cancel', list: [known.runningJob] } },
      attributes: {},
      envelope: 'objects',
      refused: [
        unsigned,
        unprivileged,
        forged,
        elsewhere,
        [400, { body: { action: 'pause', list: ['1'] } }],
        [400, { body: { action: 'cancel' } }],
        [400, { body: { action: 'cancel', list: [] } }],
        [404, { body: { action: 'cancel', list: ['999999'] } }],
      ],
    },
    {
      row: 'PUT /tasks cancel of an ended job',
      ask: { method: 'PUT', path: '/tasks', body: { action: 'cancel', list: [known.endedJob] } },
      attributes: {},
      envelope: 'objects',
      refused: [
        [403, { path: `/tasks/${known.endedJob}`, body: { jobUID: known.endedJob, percentage: 50 } }],
        [
          403,
          {
            path: `/tasks/${known.endedJob}`,
            body: { cancelURL: '/x', cancelRESTMethod: 'PUT', cancelRESTBody: {}, expirationTimeOut: -1 },
          },
        ],
        [404, { path: '/tasks/999999', body: { jobUID: '999999', percentage: 50 } }],
      ],
    },
    {
      row: 'DELETE /tasks/{list}',
      ask: { method: 'DELETE', path: `/tasks/${known.endedJob}` },
      attributes: {},
      envelope: 'objects',
      refused: [
        unsigned,
        unprivileged,
        forged,
        elsewhere,
        [404, { path: '/tasks/999999' }],
        [409, { path: `/tasks/${known.foreignJob}` }],
      ],
    },
    {
      row: 'DELETE /osImages/{list}',
      ask: {
        method: 'DELETE',
        path: `/osImages/${known.archive},sample%7Csample-x86_64-install-row`,
        body: {},
      },
      attributes: {},
      envelope: 'objects',
      refused: [
        unsigned,
        unprivileged,
        forged,
        elsewhere,
        [400, { path: '/osImages/sample,sample%7Csample-x86_64-install-web' }],
        [404, { path: '/osImages/nothing' }],
        [409, { path: `/osImages/${known.usedFile}` }],
      ],
    },
  ];
}
