/** The XML check agrees with xmllint, which nobody here wrote. */
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { xmlFault } from '../../packages/os-media/xml.ts';
import { needTool } from '../support/tools.ts';

const wellFormed = [
  '<a/>',
  '<?xml version="1.0" encoding="utf-8"?>\n<!-- c -->\n<a x="1" y=\'"\'><b>t &amp; &#x41; &#65;</b><![CDATA[ <&>]]></a>\n',
  '<!DOCTYPE profile>\n<profile xmlns:config="http://www.suse.com/1.0/configns"><x config:type="list"/></profile>',
  '<a ><b ></b ></a >',
  '<a><?pi x?></a><!-- after -->',
  '<\u00e9l\u00e9ment/>',
];
const broken = [
  '',
  'text',
  '<a>',
  '<a></b>',
  '<a/><b/>',
  '<a/>text',
  'text<a/>',
  '<a x=1/>',
  '<a x="1" x="2"/>',
  '<a x="<"/>',
  '<a x="1"y="2"/>',
  '<a>&</a>',
  '<a>&nbsp;</a>',
  '<a x="&nbsp;"/>',
  '<a><b></a></b>',
  '<a><!-- ',
  '<a><!-- b -- c --></a>',
  '<a><!-- b ---></a>',
  '<a><![CDATA[ </a>',
  '<a',
  '< a/>',
  '<1a/>',
  '<a>\u0001</a>',
  '<a>]]></a>',
];

t.test('well-formed or not', async (t) => {
  for (const text of wellFormed) t.equal(xmlFault(text), undefined, text);
  for (const text of broken) t.match(xmlFault(text), /line \d+/, JSON.stringify(text));
  t.equal(xmlFault('\ufeff<a/>'), undefined, 'with a byte order mark');
  t.match(xmlFault('<a>\n<b>\n</c>'), /\(line 3\)/, 'tells the line');
});

t.test('xmllint agrees', async (t) => {
  const xmllint = needTool(t, 'xmllint');
  if (!xmllint) return;
  const accepts = (text: string) => spawnSync(xmllint, ['--noout', '-'], { input: text }).status === 0;
  for (const text of wellFormed) t.ok(accepts(text), text);
  for (const text of broken) t.notOk(accepts(text), JSON.stringify(text));
});

t.test('an internal DTD is refused', async (t) => {
  const bomb = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>';
  t.match(xmlFault(bomb), /not allowed/);
  t.match(xmlFault(`<!DOCTYPE${' '.repeat(1_000_000)}`), /not allowed/, 'in no time');
  t.match(xmlFault(`${'<a>'.repeat(300)}${'</a>'.repeat(300)}`), /too deeply/);
});
