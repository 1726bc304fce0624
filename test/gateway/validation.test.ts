/** What is wrong with a request is said in one sentence that names the attribute and what was expected. */
import t from 'tap';
import { readJson } from '../../services/gateway/json-body.ts';
import { createTestGateway } from '../support/gateway.ts';

const server = { address: '192.0.2.1', displayName: 'a', port: 22, protocol: 'SFTP' };
const servers = '/osImages/remoteFileServers';
const profile = { name: 'a', customizationOptions: null };
const known =
  'address, displayName, port, protocol, username, password, keyType, keyPassphras, keyPassphrase';

t.test('the sentence names the attribute', async (t) => {
  const { app, headers } = await createTestGateway(t);
  for (const [method, url, payload, text] of [
    [
      'POST',
      servers,
      { ...server, port: undefined },
      'The body lacks the attribute port, which must be a whole number from 1 to 65535.',
    ],
    ['POST', servers, { ...server, port: 70_000 }, 'port must be a whole number from 1 to 65535.'],
    ['POST', servers, { ...server, protocol: 'SMB' }, 'protocol must be HTTP, HTTPS, FTP, FTPS or SFTP.'],
    [
      'POST',
      servers,
      { ...server, adress: 'x' },
      RegExp(`^The body has the unknown attribute adress; possible are ${known},`),
    ],
    ['POST', servers, { ...server, 'a\nb': 1 }, /^The body has the unknown attribute "a\\nb"; /],
    [
      'POST',
      servers,
      { ...server, hostKeys: ['ssh-rsa AAAA', 7] },
      'hostKeys[1] must be a line of known_hosts, or a public key in the form "type base64".',
    ],
    [
      'POST',
      servers,
      { ...server, username: 'a\nb' },
      'username must be text of at most 255 characters without control characters, or null.',
    ],
    ['POST', servers, [server], 'The body must be a JSON object.'],
    ['POST', servers, undefined, 'The body is missing.'],
    [
      'POST',
      '/osImages/a%7Cb',
      { profile: { ...profile, customizationOptions: { bootOptions: { bootFileIds: ['a', {}] } } } },
      'profile.customizationOptions.bootOptions.bootFileIds[1] lacks the attribute id, which must be text of at most 200 characters.',
    ],
    [
      'POST',
      '/osImages/a%7Cb',
      { profile: { ...profile, customizationOptions: { bootOptions: { files: [] } } } },
      'profile.customizationOptions.bootOptions has the unknown attribute files; only bootFileIds is possible.',
    ],
    [
      'POST',
      '/osImages/a%7Cb',
      { profile: { ...profile, customizationOptions: { bootOptions: 5 } } },
      'profile.customizationOptions.bootOptions must be a JSON object or "", or null.',
    ],
    ['PUT', '/tasks', { action: 'cancel', list: 'x' }, 'list must be a list of at most 1000 entries.'],
    ['GET', '/tasks?limit=1.5', undefined, 'limit must be a whole number from 1 to 1000.'],
    ['GET', '/tasks?limit=1e2', undefined, 'limit must be a whole number from 1 to 1000.'],
    ['GET', '/tasks?limit=', undefined, 'limit must be a whole number from 1 to 1000.'],
    ['GET', '/tasks?before=1&before=2', undefined, 'The parameter before is given more than once.'],
    ['GET', '/aicc?x=1', undefined, 'The query has the unknown parameter x; none is possible here.'],
    ['DELETE', `${servers}/1`, { id: 1 }, 'This call takes no body, or an empty JSON object.'],
  ] as const) {
    const answer = await app.inject({ method, url, headers, ...(payload && { payload: payload as object }) });
    const name = `${method} ${url} ${JSON.stringify(payload)}`;
    t.equal(answer.statusCode, 400, name);
    if (typeof text === 'string') t.equal(answer.json().messages[0].text, text, name);
    else t.match(answer.json().messages[0].text, text, name);
  }
});

t.test('a mistyped parameter does not export to another place', async (t) => {
  const { app, headers } = await createTestGateway(t);
  const answer = await app.inject({ url: '/osImages/a%7Cb?serverID=1&path=/x', headers });
  t.equal(answer.statusCode, 400);
  t.match(answer.json(), { filename: '', jobID: '', result: 'failed' });
  t.match(
    answer.json().messages[0],
    'The query has the unknown parameter serverID; possible are serverId, path',
  );
});

t.test('JSON is read strictly', async (t) => {
  for (const [text, message] of [
    ['{"a":1,"b":2,"a":1}', 'The body has the attribute "a" more than once.'],
    ['{"a":1,"\\u0061" : 2}', 'The body has the attribute "a" more than once.'],
    ['{"x":[{"a":"a","a":"b"}]}', 'The body has the attribute "a" more than once.'],
    ['{"__proto__":{}}', 'The body has the attribute __proto__, which is never used here.'],
    ['{"a":{"constr\\u0075ctor":1}}', 'The body has the attribute constructor, which is never used here.'],
    ['{"a":"\\u0000"}', 'The request holds a NUL character.'],
    ['["\\ud800"]', 'The body holds half of a character (a lone surrogate).'],
    [`${'['.repeat(65)}${']'.repeat(65)}`, 'The body is nested more than 64 levels deep.'],
    [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'The body is nested more than 64 levels deep.'],
    ['{"a":1', 'The body is not valid JSON.'],
    ["{'a':1}", 'The body is not valid JSON.'],
  ] as const)
    t.throws(() => readJson(Buffer.from(text)), { code: 'invalid_request', message }, text.slice(0, 40));
  t.throws(() => readJson(Buffer.from([0x22, 0xff, 0x22])), { message: 'The body is not UTF-8.' });
  for (const text of [
    '{"a":{"a":{"a":"a"}},"b":["a","a","a"]}',
    '{"a":"\\"a\\":{","b":"\\\\","c":"}"}',
    '[{"a":1},{"a":2}]',
    '"\\ud83d\\ude00 \\\\u0000"',
    `${'['.repeat(64)}${']'.repeat(64)}`,
    '  17 ',
    `"${'\\n'.repeat(400_000)}"`,
  ])
    t.same(readJson(Buffer.from(text)), JSON.parse(text), text.slice(0, 40));
  for (const empty of ['', ' \r\n']) t.equal(readJson(Buffer.from(empty)), undefined);
});
