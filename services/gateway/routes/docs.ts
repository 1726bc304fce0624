/** `/docs`: a page to read about the calls and to try them. It needs nothing but this service. Ours, not in the contract. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Problem } from '@osimage/errors';
import type { FastifyReply } from 'fastify';
import type { App } from '../app-types.ts';
import { DocsFile } from '../schemas/docs.ts';

const own = join(import.meta.dirname, '..', 'docs-page');
const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** Everything the page is made of: nothing else is read, whatever a path says. */
const files: Readonly<Record<string, readonly [folder: string, type: string]>> = {
  'docs.js': [own, 'text/javascript; charset=utf-8'],
  'swagger-ui-bundle.js': [swagger, 'text/javascript; charset=utf-8'],
  'swagger-ui.css': [swagger, 'text/css; charset=utf-8'],
  'favicon-32x32.png': [swagger, 'image/png'],
};

/** Scripts, styles and requests of this service only; pictures also from the style sheet itself. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  // The page's program sets styles of single elements.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function registerDocsRoutes(app: App): void {
  const config = { public: true };
  const tags = ['service'];
  const page = {
    tags,
    summary: 'A page about these calls',
    description: 'Needs no sign-in and no internet.',
  };
  app.get('/docs', { config, schema: page }, (_request, reply) =>
    send(reply, own, 'page.html', 'text/html; charset=utf-8'),
  );

  const parts = { tags, summary: 'What the page is made of', params: DocsFile };
  app.get('/docs/:file', { config, schema: parts }, (request, reply) => {
    const { file } = request.params;
    const known = Object.hasOwn(files, file) ? files[file] : undefined;
    if (!known)
      throw new Problem('route_not_found', { method: request.method, path: `/docs/${file.slice(0, 80)}` });
    return send(reply, known[0], file, known[1]);
  });
}

async function send(reply: FastifyReply, folder: string, file: string, type: string): Promise<FastifyReply> {
  const content = await readFile(join(folder, file));
  return reply
    .header('content-security-policy', policy)
    .header('cache-control', 'no-cache')
    .type(type)
    .send(content);
}
