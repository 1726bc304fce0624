/** The layering rules catch what they are for: each violation is planted in a small workspace of its own. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';

const root = join(import.meta.dirname, '../..');

const sound = {
  'packages/errors/index.ts': `export const errors = 1;`,
  'packages/errors/inner.ts': `export const inner = 1;`,
  'packages/archive/index.ts': `import { errors } from '@osimage/errors';\nexport const archive = errors;`,
  'services/packager/main.ts': `import { archive } from '@osimage/archive';\nimport './jobs.ts';\nconsole.log(archive);`,
  'services/packager/jobs.ts': `export const jobs = 1;`,
  'services/gateway/main.ts': `import type { errors } from '@osimage/errors';\nexport type E = typeof errors;`,
  'test/support/helper.ts': `export const helper = 1;`,
};

const violations: Record<string, [file: string, text: string]> = {
  'packages-never-use-services': ['packages/errors/bad.ts', `import '../../services/packager/jobs.ts';`],
  'services-never-use-each-other': [
    'services/gateway/bad.ts',
    `import { jobs } from '../packager/jobs.ts';\nconsole.log(jobs);`,
  ],
  'packages-through-their-index': [
    'packages/archive/bad.ts',
    `import { inner } from '../errors/inner.ts';\nexport { inner };`,
  ],
  'product-never-uses-tests': ['services/packager/bad.ts', `import '../../test/support/helper.ts';`],
  'not-to-unresolvable': [
    'packages/errors/bad.ts',
    `import { missing } from '@osimage/missing';\nconsole.log(missing);`,
  ],
  'no-circular': [
    'packages/errors/inner.ts',
    `import { errors } from '@osimage/archive';\nexport const inner = errors;`,
  ],
};

async function cruise(files: Record<string, string>): Promise<{ code: number; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-layers-'));
  try {
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.json'])
      await cp(join(root, name), join(folder, name));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await mkdir(join(folder, 'node_modules/@osimage'), { recursive: true });
    for (const name of ['errors', 'archive']) {
      const description = { name: `@osimage/${name}`, type: 'module', exports: { '.': './index.ts' } };
      await writeFile(join(folder, 'packages', name, 'package.json'), JSON.stringify(description));
      await symlink(join('../../packages', name), join(folder, 'node_modules/@osimage', name));
    }
    const cruiser = join(root, 'node_modules/.bin/depcruise');
    const args = [cruiser, '--config', '.dependency-cruiser.cjs', 'packages', 'services'];
    return await new Promise((resolve) =>
      execFile(process.execPath, args, { cwd: folder }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
      ),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

t.test('a sound workspace passes', async (t) => {
  const { code, output } = await cruise(sound);
  t.equal(code, 0, output);
});

for (const [rule, [file, text]] of Object.entries(violations)) {
  t.test(`${rule} is caught`, async (t) => {
    // A circle needs its way back.
    const index = rule === 'no-circular' && {
      'packages/errors/index.ts': `export * from './inner.ts';\nexport const errors = 1;`,
    };
    const { code, output } = await cruise({ ...sound, ...index, [file]: text });
    t.not(code, 0);
    t.match(output, `error ${rule}: ${rule === 'no-circular' ? '' : file}`);
  });
}

t.test('a type of another service is as forbidden as its code', async (t) => {
  const { output } = await cruise({
    ...sound,
    'services/gateway/bad.ts': `import type { jobs } from '../packager/jobs.ts';\nexport type Bad = typeof jobs;`,
  });
  t.match(output, 'error services-never-use-each-other: services/gateway/bad.ts');
});
