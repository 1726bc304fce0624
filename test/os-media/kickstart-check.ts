/**
 * A check of Kickstart files against the "Kickstart commands and options reference" and the "Kickstart script
 * file format reference" of Red Hat Enterprise Linux 7, 8, 9 and 10: which commands and options there are,
 * which must be there, and how sections are written. Only what our files use is in the table.
 */
import { spawnSync } from 'node:child_process';

interface Command {
  options: readonly string[];
  /** First and last release that has it; all unless told. */
  from?: number;
  until?: number;
  /** How often it may stand in a file; once unless told. */
  many?: true;
  /** Whether words without -- may follow. */
  words?: true;
}

const commands: Record<string, Command> = {
  auth: { options: ['enableshadow', 'passalgo'], until: 7 },
  autopart: { options: ['type', 'fstype', 'nolvm', 'encrypted', 'nohome', 'noswap'] },
  bootloader: { options: ['timeout', 'append', 'location', 'boot-drive', 'iscrypted', 'password'] },
  cdrom: { options: [] },
  clearpart: { options: ['all', 'drives', 'initlabel', 'linux', 'none', 'disklabel'] },
  eula: { options: ['agreed'] },
  firewall: { options: ['enabled', 'disabled', 'trust', 'ssh', 'smtp', 'http', 'ftp', 'port', 'service'] },
  firstboot: { options: ['disable', 'enable', 'reconfig'] },
  keyboard: { options: ['vckeymap', 'xlayouts', 'switch'] },
  lang: { options: ['addsupport'], words: true },
  logvol: {
    options: ['vgname', 'name', 'fstype', 'size', 'grow', 'percent', 'maxsize'],
    many: true,
    words: true,
  },
  network: {
    options: [
      'bootproto',
      'device',
      'onboot',
      'activate',
      'hostname',
      'ip',
      'netmask',
      'gateway',
      'nameserver',
      'noipv6',
    ],
    many: true,
  },
  part: { options: ['fstype', 'size', 'grow', 'ondisk', 'asprimary', 'maxsize'], many: true, words: true },
  reboot: { options: ['eject', 'kexec'] },
  rootpw: { options: ['iscrypted', 'plaintext', 'lock'], words: true },
  selinux: { options: ['disabled', 'enforcing', 'permissive'] },
  services: { options: ['disabled', 'enabled'] },
  sshkey: { options: ['username'], many: true, words: true },
  text: { options: [] },
  timezone: { options: ['utc', 'isUtc', 'nontp', 'ntpservers'], words: true },
  user: { options: ['name', 'groups', 'lock', 'password', 'iscrypted', 'shell', 'uid'], many: true },
  volgroup: { options: ['pesize', 'reserved-space'], many: true, words: true },
  zerombr: { options: [] },
};

const required = ['bootloader', 'keyboard', 'lang', 'rootpw', 'timezone'];
const sections = ['%addon', '%onerror', '%packages', '%post', '%pre', '%pre-install'];
const modes = ['cmdline', 'graphical', 'text'];

/** What is wrong with a Kickstart file for a release (its major number), a line each. */
export function kickstartFaults(text: string, release: number): string[] {
  const faults: string[] = [];
  const seen = new Map<string, number>();
  let section: { head: string; lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    if (section) {
      if (line.trim() === '%end') faults.push(...sectionFaults(section.head, section.lines));
      if (line.startsWith('%') && line.trim() !== '%end') faults.push(`section in a section: ${line}`);
      section = line.trim() === '%end' ? undefined : { ...section, lines: [...section.lines, line] };
      continue;
    }
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (line.startsWith('%')) {
      section = { head: line, lines: [] };
      seen.set(line.split(' ', 1)[0]!, 1);
      continue;
    }
    const [name = '', ...rest] = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
    seen.set(name, (seen.get(name) ?? 0) + 1);
    faults.push(...commandFaults(name, rest, release));
  }
  if (section) faults.push(`no %end of ${section.head}`);
  for (const name of required) if (!seen.has(name)) faults.push(`${name} is missing`);
  if (release <= 7 && !seen.has('auth')) faults.push('auth is missing');
  if (!seen.has('autopart') && !seen.has('part')) faults.push('partitions are missing');
  if (!seen.has('%packages')) faults.push('%packages is missing');
  if (modes.filter((mode) => seen.has(mode)).length !== 1) faults.push('not exactly one mode');
  for (const [name, times] of seen)
    if (times > 1 && !commands[name]?.many) faults.push(`${name} is there ${times} times`);
  return faults;
}

function commandFaults(name: string, rest: readonly string[], release: number): string[] {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) return [`there is no command ${name}`];
  const faults: string[] = [];
  if (release < (command.from ?? 0) || release > (command.until ?? 99))
    faults.push(`${name} is not in release ${release}`);
  for (const word of rest) {
    const option = /^--([\w-]+)/.exec(word)?.[1];
    if (option === undefined && !command.words) faults.push(`${name} takes no ${word}`);
    if (option !== undefined && !command.options.includes(option)) faults.push(`${name} has no --${option}`);
  }
  return faults;
}

function sectionFaults(head: string, lines: readonly string[]): string[] {
  const [name = ''] = head.split(' ', 1);
  if (!sections.includes(name)) return [`there is no section ${name}`];
  if (name === '%packages') {
    const bad = lines.filter((line) => !/^(@\^?[a-z0-9-]+|-?[A-Za-z0-9][\w.+*-]*)$/.test(line));
    return bad.map((line) => `no package: ${line}`);
  }
  if (name === '%addon')
    return /^%addon com_redhat_kdump --(enable|disable)$/.test(head) ? [] : [`odd add-on: ${head}`];
  const { status, stderr } = spawnSync('sh', ['-n'], { input: lines.join('\n') });
  return status === 0 ? [] : [`${name} is no shell script: ${stderr}`];
}
