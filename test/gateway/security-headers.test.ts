/** What every answer tells browsers, whoever wrote the answer. */
import t from 'tap';
import { createTestGateway } from '../support/gateway.ts';

const expected = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

t.test('security headers on every answer', async (t) => {
  const { app, headers } = await createTestGateway(t);
  app.get('/page', (_request, reply) =>
    reply.header('content-security-policy', "default-src 'self'").type('text/html').send('<p>'),
  );
  for (const [status, request] of [
    [200, { url: '/aicc', headers }],
    [401, { url: '/tasks' }],
    [404, { url: '/nowhere' }],
    [405, { method: 'PATCH', url: '/tasks' }],
    [400, { url: '/tasks/%E0%A4%A', headers }],
    [404, { url: '/osImages/no.tar.gz', headers }],
    [405, { method: 'OPTIONS', url: '/tasks', headers: { origin: 'https://elsewhere.example' } }],
    [503, { method: 'PUT', url: '/tasks', headers, payload: { action: 'cancel', list: ['1'] } }],
  ] as const) {
    const answer = await app.inject(request);
    t.equal(answer.statusCode, status, request.url);
    t.match(answer.headers, expected, request.url);
    for (const name of Object.keys(answer.headers))
      t.notMatch(name, /^(server|x-powered-by|access-control-.*|strict-transport-security)$/, request.url);
  }
  const page = await app.inject({ url: '/page', headers });
  t.match(
    page.headers,
    { ...expected, 'content-security-policy': "default-src 'self'" },
    'a page has its own',
  );
});
