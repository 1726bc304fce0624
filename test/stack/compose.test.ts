/** docker-compose.yml: what must hold of every service, so that a change cannot lose it unseen. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '@osimage/errors';
import t from 'tap';
import { failure } from '../../services/gateway/answers.ts';
import {
  nodeOptions,
  notSettings,
  readComposeFile,
  root,
  secretSettings,
  stopSeconds,
} from './compose-file.ts';

const file = await readComposeFile(t);
const services = Object.entries(file?.services ?? {});

t.test('all parts are there', async (t) => {
  if (!file) return;
  const names = ['setup', 'database', 'packager', 'gateway', 'front', 'files', 'admin', 'smoke'];
  t.same(Object.keys(file.services).sort(), names.sort());
});

for (const [name, service] of services) {
  t.test(`${name} may do no more than it must`, async (t) => {
    t.equal(service.read_only, true, 'its root file system is read-only');
    t.match(service.user, /^([1-9]\d*:[1-9]\d*|postgres)$/, 'it is not root');
    t.same(service.cap_drop, ['ALL']);
    t.same(service.security_opt, ['no-new-privileges:true']);
    t.match(service.mem_limit, /^\d+[mg]$/);
    t.type(service.cpus, 'number');
    t.type(service.pids_limit, 'number');
    if (name !== 'front') t.notOk(service.ports, 'nobody outside reaches it');
  });

  t.test(`${name} says whether it is well, or ends by itself`, async (t) => {
    if (service.restart === 'no') return t.ok(['setup', 'admin', 'smoke'].includes(name));
    t.equal(service.restart, 'unless-stopped');
    t.match(service.healthcheck?.test[0], /^CMD(-SHELL)?$/);
  });

  t.test(`${name} gets secrets from files, and files from volumes`, async (t) => {
    for (const [key, value] of Object.entries(service.environment ?? {})) {
      t.notOk(secretSettings.includes(key), `${key} is no secret`);
      if (/PASSWORD|SECRET|TOKEN|KEY/.test(key)) t.match(value, /^\/run\/secrets\//, `${key} names a file`);
      t.notMatch(String(value), /:\/\/[^/\s]*:[^/\s]*@/, `${key} holds no password`);
    }
    for (const volume of service.volumes ?? []) {
      // What may be set counts as what it is when nobody has set it.
      const [source = '', target = '', mode] = volume.replace(/\$\{\w+:-(\w+)\}/, '$1').split(':');
      t.ok(source in (file?.volumes ?? {}), `${source} is a volume, not a folder of the host`);
      if (target.startsWith('/run/secrets/')) t.equal(mode, 'ro');
    }
  });
}

for (const name of ['gateway', 'packager'] as const) {
  t.test(`settings and stop of ${name}`, async (t) => {
    const service = file?.services[name];
    if (!service) return;
    t.same(notSettings(Object.keys(service.environment ?? {})), [], 'docs/settings.md has them all');
    t.ok(service.volumes?.includes('store:/data'), 'both have the same store');
    t.ok(
      Number.parseInt(service.stop_grace_period ?? '', 10) > stopSeconds,
      'it is not killed while it drains',
    );
    // Without one it is that of the image.
    if (service.command)
      t.same(
        service.command,
        ['node', ...nodeOptions(name), `services/${name}/main.ts`],
        'as npm start does it',
      );
  });
}

t.test('commands of operators reach what they need, and start no packager', async (t) => {
  const admin = file?.services.admin;
  if (!admin) return;
  t.same(notSettings(Object.keys(admin.environment ?? {})), []);
  t.ok(admin.volumes?.includes('store:/data'), 'the same store');
  t.same(admin.entrypoint, ['node', 'services/admin/main.ts']);
  t.same(
    Object.keys(admin.depends_on ?? {}).sort(),
    ['database', 'setup'],
    'a restore wants the services stopped',
  );
});

t.test('only one service builds each image, and starts before the others that use it', async (t) => {
  const builders = new Map(services.flatMap(([name, { build, image }]) => (build ? [[image, name]] : [])));
  t.equal(builders.size, services.filter(([, { build }]) => build).length);
  const startsAfter = (name: string, first: string): boolean =>
    Object.keys(file?.services[name]?.depends_on ?? {}).some(
      (earlier) => earlier === first || startsAfter(earlier, first),
    );
  for (const [name, { image }] of services) {
    const builder = builders.get(image) ?? t.fail(`nobody builds ${image}`);
    // Started by hand, when all the others run.
    if (name !== builder && name !== 'smoke' && name !== 'admin')
      t.ok(startsAfter(name, String(builder)), `${name} after ${builder}`);
  }
});

t.test('database and gateways are reached only by those that must', async (t) => {
  if (!file) return;
  const inside = (network: string) =>
    services.flatMap(([name, service]) => (service.networks?.includes(network) ? [name] : [])).sort();
  t.same(inside('data'), ['admin', 'database', 'gateway', 'packager']);
  t.same(inside('edge'), ['front', 'gateway'], 'those in it are believed about the address of a caller');
  t.same([file.networks.data?.internal, file.networks.edge?.internal], [true, true]);
  t.equal(file.services.setup?.network_mode, 'none');
});

t.test('without any gateway the front answers as one would', async (t) => {
  const text = readFileSync(join(root, 'deploy/compose/haproxy.cfg'), 'utf8');
  const said =
    /http-error status 503 content-type application\/json string '(.+)' hdr Retry-After \d+$/m.exec(text);
  t.same(JSON.parse(said?.[1] ?? '{}'), failure(new Problem('unavailable', { what: 'a gateway' })));
});
