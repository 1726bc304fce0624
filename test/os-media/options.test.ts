/** The customizationOptions of a profile: contract, sections 4 and 6.1. */
import { customizationOptions, supportedOptions } from '@osimage/os-media';
import t from 'tap';

t.test('a profile shows what it carries, and an empty string for what it cannot', async (t) => {
  const files = [
    { kind: 'script', id: 's2' },
    { kind: 'driver', id: 'd1' },
    { kind: 'script', id: 's1' },
    { kind: 'predefined-unattend', id: '' },
  ];
  t.strictSame(customizationOptions('rhel', files, '/opt/data'), {
    bootOptions: '',
    customConfigOptions: { customConfigFileIds: [] },
    customSoftwareOptions: { customSoftwareIds: [] },
    driverOptions: { driverIds: ['d1'] },
    installScriptOptions: { installScriptIds: ['s2', 's1'] },
    unattendOptions: { unattendFileIds: [] },
    deployDataAndSoftwareLocation: '/opt/data',
  });
  t.match(customizationOptions('windows', [{ kind: 'boot', id: 'b' }], ''), {
    bootOptions: { bootFileIds: ['b'] },
  });
  t.strictSame(customizationOptions('unknown', [], ''), null, 'null where nothing can be customized');
});

t.test('boot files are for Windows only', async (t) => {
  t.ok(supportedOptions('windows').includes('bootOptions'));
  for (const family of ['rhel', 'sles', 'debian', 'ubuntu']) {
    t.notOk(supportedOptions(family).includes('bootOptions'), family);
    t.equal(supportedOptions(family).length, 6, family);
  }
  t.strictSame(supportedOptions('constructor'), []);
});

t.test('ESXi takes configuration settings and an unattend file', async (t) => {
  t.strictSame(customizationOptions('esxi', [{ kind: 'unattend', id: 'u' }], ''), {
    bootOptions: '',
    customConfigOptions: { customConfigFileIds: [] },
    customSoftwareOptions: '',
    driverOptions: '',
    installScriptOptions: '',
    unattendOptions: { unattendFileIds: ['u'] },
    deployDataAndSoftwareLocation: '',
  });
});
