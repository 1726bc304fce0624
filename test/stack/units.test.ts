/** The systemd units: whole, hardened, and in step with the services they start. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { needTool } from '../support/tools.ts';
import { nodeOptions, notSettings, root, secretSettings, stopSeconds } from './compose-file.ts';

const run = promisify(execFile);
const folder = join(root, 'deploy/systemd');
const names = readdirSync(folder).filter((name) => name.endsWith('.service'));
const texts = new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
/** systemd's own measure, 0 to 100: of a unit without any of it 96. */
const exposureAtMost = 18;

/** The units with this checkout where they expect the installed one, so that what they start can be found. */
function installed(t: Test): string[] {
  const there = t.testdir({});
  return names.map((name) => {
    writeFileSync(join(there, name), (texts.get(name) ?? '').replaceAll('/opt/osimage-export', root));
    return join(there, name);
  });
}

t.test('there is one for each service', async (t) => {
  t.same(names.sort(), ['osimage-gateway.service', 'osimage-packager.service']);
});

t.test('systemd finds nothing wrong', async (t) => {
  const analyze = needTool(t, 'systemd-analyze');
  if (!analyze) return;
  const { stdout, stderr } = await run(analyze, ['verify', '--man=no', ...installed(t)]);
  t.equal(`${stdout}${stderr}`, '');
});

t.test('systemd finds them hardened', async (t) => {
  const analyze = needTool(t, 'systemd-analyze');
  if (!analyze) return;
  for (const file of installed(t))
    await t.resolves(
      run(analyze, ['security', '--no-pager', '--offline=yes', `--threshold=${exposureAtMost}`, file]),
      file,
    );
});

for (const [name, text] of texts) {
  const value = (key: string) =>
    [...text.matchAll(/^([A-Za-z]+)=(.*)$/gm)].flatMap(([, found, rest = '']) =>
      found === key ? [rest] : [],
    );

  t.test(`${name} is in step with its service`, async (t) => {
    const service = name.replace(/^osimage-|\.service$/g, '');
    t.match(value('ExecStart')[0], `node ${nodeOptions(service).join(' ')} services/${service}/main.ts`);
    const set = value('Environment').flatMap((line) => line.split(' ').map((one) => one.split('=')[0] ?? ''));
    t.same(notSettings(set), ['NODE_ENV', 'MALLOC_ARENA_MAX']);
    for (const setting of secretSettings)
      t.notOk(set.includes(setting), `${setting} is not in the environment`);
    t.ok(Number(value('TimeoutStopSec')[0]) > stopSeconds, 'it is not killed while it drains');
    // What the services end with when a setting is wrong: trying again would not help.
    t.same(value('RestartPreventExitStatus'), ['2']);
    t.same(value('Restart'), ['always']);
  });

  t.test(`${name} may do no more than it must`, async (t) => {
    for (const [key, wanted] of [
      ['User', 'osimage'],
      ['NoNewPrivileges', 'yes'],
      ['ProtectSystem', 'strict'],
      ['ProtectHome', 'yes'],
      ['PrivateTmp', 'yes'],
      ['CapabilityBoundingSet', ''],
      ['StateDirectory', 'osimage-export'],
      ['StateDirectoryMode', '0700'],
    ] as const)
      t.same(value(key), [wanted], key);
    for (const key of ['MemoryMax', 'TasksMax', 'LoadCredential']) t.ok(value(key).length > 0, key);
  });
}
