/** What a marker file says, and the words every reader of one shares. */
import type { OsFamily } from '../families.ts';

export interface Finding {
  /** Undefined: an Anaconda medium of a product not known by name. */
  readonly os: string | undefined;
  /** Undefined when the system is recognised but not supported. */
  readonly family: OsFamily | undefined;
  /** Name of the release, for example rhels9.4; empty when the marker does not tell. */
  readonly osrelease: string;
  /** Its number, for example 9.4; may be empty. */
  readonly version: string;
  readonly arch: string;
  readonly buildId: string;
  /** For people. */
  readonly name: string;
}

const archNames: Record<string, string> = { amd64: 'x86_64', arm64: 'aarch64', ppc64el: 'ppc64le' };

/** Name of an architecture as ids have it, which is the kernel's; x86_64 when the medium does not tell. */
export function archName(text: string | undefined): string {
  const name = (text ?? '').toLowerCase();
  if (!/^[a-z0-9_]{1,16}$/.test(name)) return 'x86_64';
  return archNames[name] ?? name;
}

/** Lines as long as a real marker's at most: a crafted one must not keep the patterns busy. */
export function linesOf(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.slice(0, 512));
}

/** A short plain text for messages and names, whatever the marker holds. */
export function plain(text: string | undefined): string {
  return (text ?? '')
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 80);
}

/** 9.4.0 is spoken of as 9.4. */
export function shortVersion(text: string): string {
  const [version] = /^\d+(\.\d+){0,2}/.exec(text) ?? [''];
  return version.replace(/^(\d+\.\d+)\.0$/, '$1');
}

/** A system that is recognised and cannot be imported; `name` may say why. */
export function unsupported(name: string): Finding {
  return {
    os: undefined,
    family: undefined,
    osrelease: '',
    version: '',
    arch: '',
    buildId: '',
    name: plain(name),
  };
}
