/** The files of an ISO 9660 image as two trees over the same entries: one of short names, one of long ones. */

export interface IsoFile {
  /** Folders parted by '/'. */
  readonly path: string;
  readonly content: Buffer;
}

export interface Entry {
  readonly name: string;
  /** Name in the plain tree: eight letters, a dot, three letters. */
  readonly shortName: string;
  readonly content: Buffer | undefined;
  readonly children: Entry[];
  readonly parent: Entry | undefined;
}

/** One of the two trees over the same files. */
export interface Tree {
  readonly unicode: boolean;
  /** Parents before children: the order and the numbers of the path table. */
  readonly folders: readonly Entry[];
}

/** The files as entries below a root. */
export function arrange(files: readonly IsoFile[]): Entry {
  const root: Entry = { name: '', shortName: '', content: undefined, children: [], parent: undefined };
  for (const { path, content } of files) {
    const steps = path.split('/');
    let folder = root;
    for (const [index, name] of steps.entries()) {
      const isFile = index === steps.length - 1;
      const known = folder.children.find((child) => child.name === name);
      const entry = known ?? {
        name,
        shortName: shortName(name, folder.children),
        content: isFile ? content : undefined,
        children: [],
        parent: folder,
      };
      if (!known) folder.children.push(entry);
      folder = entry;
    }
  }
  return root;
}

/** A level 1 name that no sibling has; the plain tree is only for readers that know nothing better. */
function shortName(name: string, siblings: readonly Entry[]): string {
  const letters = (text: string, most: number) =>
    text
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/g, '_')
      .slice(0, most);
  const dot = name.lastIndexOf('.');
  const base = letters(dot > 0 ? name.slice(0, dot) : name, 8);
  const extension = dot > 0 ? letters(name.slice(dot + 1), 3) : '';
  for (let number = 0; ; number++) {
    const unique = number === 0 ? base : `${base.slice(0, 8 - String(number).length)}${number}`;
    const whole = extension ? `${unique}.${extension}` : unique;
    if (!siblings.some((sibling) => sibling.shortName === whole)) return whole;
  }
}

/** An entry and all below it. */
export function* walk(entry: Entry): Generator<Entry> {
  yield entry;
  for (const child of entry.children) yield* walk(child);
}

/** Level by level, each sorted by parent and name, as the path table wants it (ECMA-119, 6.9.1). */
export function foldersOf(root: Entry, unicode: boolean): Entry[] {
  const folders = [root];
  for (const folder of folders) {
    folders.push(...sorted({ unicode, folders }, folder).filter((child) => child.content === undefined));
  }
  return folders;
}

/** What is in a folder, in the order its records stand. */
export function sorted(tree: Tree, folder: Entry): Entry[] {
  return folder.children.toSorted((a, b) => Buffer.compare(identifier(tree, a), identifier(tree, b)));
}

/** A name as it stands in a record. */
export function identifier({ unicode }: Tree, entry: Entry): Buffer {
  if (unicode) return Buffer.from(entry.name, 'utf16le').swap16();
  // A file has a dot and a version, a folder neither.
  const file = entry.shortName.includes('.') ? entry.shortName : `${entry.shortName}.`;
  return Buffer.from(entry.content ? `${file};1` : entry.shortName.replace('.', '_'), 'latin1');
}
