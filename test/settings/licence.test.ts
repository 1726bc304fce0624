/** LICENSE_VALID_UNTIL: what it means to the second, and when people are warned. */
import { isLicenceOver, licenceWarning, loadSettings, SettingsError } from '@osimage/settings';
import t from 'tap';

const read = (text: string) => loadSettings({ LICENSE_VALID_UNTIL: text }).LICENSE_VALID_UNTIL?.toISOString();

t.test('a date lasts to the end of that day in UTC, a time to that instant', async (t) => {
  t.equal(read('2026-12-31'), '2027-01-01T00:00:00.000Z');
  t.equal(read('2028-02-29'), '2028-03-01T00:00:00.000Z');
  t.equal(read('2026-12-31T18:00:00Z'), '2026-12-31T18:00:00.000Z');
  t.equal(read('2026-12-31T18:00+02:00'), '2026-12-31T16:00:00.000Z');
  t.equal(read('2026-12-31T18:00:00.5Z'), '2026-12-31T18:00:00.500Z');
  t.equal(read(''), undefined, 'off unless set');
  t.equal(loadSettings({}).LICENSE_VALID_UNTIL, undefined);
});

t.test('what is no such thing stops the start with one line', async (t) => {
  for (const text of [
    'never',
    '2026',
    '2026-13-01',
    '2026-02-30',
    '31.12.2026',
    '2026-12-31T18:00:00',
    '2026-12-31T25:00:00Z',
    '2026-12-31 18:00:00Z',
    '1798761600',
  ]) {
    t.throws(() => read(text), SettingsError, text);
    t.throws(() => read(text), { message: /^LICENSE_VALID_UNTIL must be a date/ }, text);
  }
});

t.test('over from its end on, never without one', async (t) => {
  const end = new Date('2027-01-01T00:00:00Z');
  t.notOk(isLicenceOver(end, new Date('2026-12-31T23:59:59.999Z')));
  t.ok(isLicenceOver(end, end));
  t.notOk(isLicenceOver(undefined));
});

t.test('warns from 30 days ahead', async (t) => {
  const end = new Date('2027-01-01T00:00:00Z');
  const at = (text: string) => licenceWarning(end, new Date(text));
  t.equal(at('2026-12-01T23:59:59Z'), undefined);
  t.match(at('2026-12-02T00:00:00Z'), /ends in 30 days, at 2027-01-01T00:00:00.000Z/);
  t.match(at('2026-12-31T12:00:00Z'), /ends in less than a day/);
  t.match(at('2027-01-01T00:00:00Z'), /ended at 2027-01-01T00:00:00.000Z: exports are refused/);
});
