/** `GET /openapi.json`: the REST interface as OpenAPI 3.1, from the schemas that check the requests. */
import { fastifySwagger } from '@fastify/swagger';
import type { App } from '../app-types.ts';
import { sessionCookie } from '../auth/sessions.ts';
import manifest from '../package.json' with { type: 'json' };
import { complete } from './complete.ts';
import { componentSchemas } from './components.ts';

const description = `The calls of Lenovo XClarity Administrator's REST interface that turn customized OS-image
profiles into archives, and what they need: signing in, importing, profiles, remote file servers, jobs. Scripts for
that product work when the host name is changed; docs/rest.md lists the differences. This is not a Lenovo product.

Sign in with HTTP Basic on every request, or with \`POST /sessions\`, whose cookies then need the header
\`X-Csrf-Token\` on every call that changes or starts something. Attributes and parameters that are not listed are
refused. DELETE takes no body, or \`{}\`. Paths may end in a slash.`;

const tags = [
  { name: 'sessions', description: 'Signing in and out' },
  { name: 'images', description: 'Base images, profiles and files' },
  { name: 'exports', description: 'Archives of profiles' },
  { name: 'imports', description: 'Bringing files in' },
  { name: 'servers', description: 'Remote file servers' },
  { name: 'settings', description: 'Global settings' },
  { name: 'tasks', description: 'Jobs' },
  { name: 'audit', description: 'Who did what' },
  { name: 'service', description: 'The service itself' },
];

/** Call before routes are added: the document is of those that come after. */
export async function registerDocument(app: App): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'osimage-export',
        version: manifest.version,
        description,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags,
      components: {
        schemas: componentSchemas() as Record<string, never>,
        securitySchemes: {
          basic: { type: 'http', scheme: 'basic' },
          session: { type: 'apiKey', in: 'cookie', name: sessionCookie },
          csrfToken: {
            type: 'apiKey',
            in: 'header',
            name: 'X-Csrf-Token',
            description: 'The value of the cookie `csrf`, with a session',
          },
        },
      },
    },
    exposeHeadRoutes: true,
    convertConstToEnum: false,
    transformObject: (made) =>
      'openapiObject' in made ? complete(made.openapiObject as never) : made.swaggerObject,
  });
  let text: string | undefined;
  const schema = {
    tags: ['service'],
    summary: 'This document',
    description: 'Holds no data; needs no sign-in.',
  };
  app.get('/openapi.json', { config: { public: true }, schema }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger());
    return reply.type('application/json; charset=utf-8').send(text);
  });
}
