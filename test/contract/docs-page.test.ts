/** `/docs` works without the internet: all it names is served here, and its policy allows just that. */
import t from 'tap';
import { createTestGateway } from '../support/gateway.ts';

t.test('the page', async (t) => {
  const { app } = await createTestGateway(t);
  for (const url of ['/docs', '/docs/']) {
    const page = await app.inject({ url });
    t.equal(page.statusCode, 200, url);
    t.match(page.headers['content-type'], /^text\/html/);
    t.notMatch(page.body, /https?:\/\//, 'nothing from elsewhere');
    t.notMatch(page.body, /<script>|<style|\son\w+=/, 'no code or style in the page itself');
    const policy = String(page.headers['content-security-policy']);
    t.match(policy, "default-src 'none'");
    t.match(policy, /script-src 'self';/);
    t.match(policy, "connect-src 'self'");
    t.match(policy, "frame-ancestors 'none'");
    t.notMatch(policy, /https?:|\*|unsafe-eval/);

    const named = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name!);
    t.ok(named.length >= 4, 'it names its files');
    for (const name of named) {
      const part = await app.inject({ url: name });
      t.equal(part.statusCode, 200, name);
      t.ok(part.rawPayload.length > 200, name);
      const type = name.endsWith('.js') ? 'text/javascript' : name.endsWith('.css') ? 'text/css' : /png|json/;
      t.match(part.headers['content-type'], type, name);
    }
  }
});

t.test('nothing else is served', async (t) => {
  const { app } = await createTestGateway(t);
  for (const file of [
    'package.json',
    'index.html',
    '..%2fpackage.json',
    '..%2f..%2f..%2f..%2fetc%2fpasswd',
    '%2fetc%2fpasswd',
    '..%5cpackage.json',
    'toString',
    '__proto__',
  ]) {
    const answer = await app.inject({ url: `/docs/${file}` });
    t.equal(answer.statusCode, 404, file);
    t.match(answer.json(), { result: 'failed' }, file);
  }
});
