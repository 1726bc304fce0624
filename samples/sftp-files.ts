/** The files behind the built-in SFTP server: real ones in one folder, and the faults a test may ask for. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { basename, join, resolve, sep } from 'node:path';
import ssh2, { type Attributes, type SFTPWrapper } from 'ssh2';

/** Each takes effect once that many bytes of file content have arrived over all connections. */
export interface SftpFaults {
  /** Resets the TCP connection. */
  resetAfter?: number;
  /** Answers no request any more, while SSH itself stays alive. */
  muteAfter?: number;
  /** Answers that were not given for it; counted by the server. */
  muted?: number;
  /** Reads nothing from the connection any more, as if the link were cut. */
  deafAfter?: number;
  /** Says "failure" to every write, as a full disk does. */
  fullAfter?: number;
  /** Takes a file only from its beginning to its end. */
  inOrderOnly?: boolean;
  /** Refuses to open a file that is open. */
  opensOnce?: boolean;
  /** Paths that are open; kept by the server for `opensOnce`. */
  openPaths?: Set<string>;
  /** Writes done over all connections; counted by the server. */
  writes?: number;
  /** Stores half of the write with this number, counted from 1, and says that all is well. */
  halfWrite?: number;
  /** Gives half of what is asked for. */
  shortReads?: boolean;
  /** Resets the TCP connection when a file is renamed: before or after it has got its name. Once. */
  resetAtRename?: 'before' | 'after';
  /** Longest name of a file, bytes. */
  nameMax?: number;
  /** Refuses to read files. */
  noReading?: boolean;
  /** Tells a size that is this much too small. */
  losesBytes?: number;
  /** Called with the bytes arrived so far, before a write is done. */
  onWrite?: (bytes: number) => void | Promise<void>;
  /** Bytes arrived; counted by the server. */
  arrived?: number;
}

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;

// What OpenSSH gives at once.
const LONGEST_READ = 256 * 1024 - 1024;

const flagsOf = (flags: number): number =>
  ((flags & OPEN_MODE.READ) !== 0 && (flags & OPEN_MODE.WRITE) !== 0
    ? constants.O_RDWR
    : (flags & OPEN_MODE.WRITE) !== 0
      ? constants.O_WRONLY
      : constants.O_RDONLY) |
  ((flags & OPEN_MODE.CREAT) !== 0 ? constants.O_CREAT : 0) |
  ((flags & OPEN_MODE.TRUNC) !== 0 ? constants.O_TRUNC : 0) |
  ((flags & OPEN_MODE.EXCL) !== 0 ? constants.O_EXCL : 0);

function statusOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return STATUS_CODE.NO_SUCH_FILE;
  if (code === 'EACCES' || code === 'EPERM') return STATUS_CODE.PERMISSION_DENIED;
  return STATUS_CODE.FAILURE;
}

class Outside extends Error {
  readonly code = 'EACCES';
}

/** Serves one SFTP session. Paths are the machine's own; those outside `folder` are refused. */
export function serveFiles(sftp: SFTPWrapper, socket: Socket, folder: string, faults: SftpFaults): void {
  const handles = new Map<number, FileHandle>();
  const paths = new Map<number, string>();
  faults.openPaths ??= new Set();
  const { openPaths } = faults;
  let nextHandle = 0;
  const within = (path: string) => {
    const absolute = resolve(folder, path);
    if (Buffer.byteLength(basename(absolute)) > (faults.nameMax ?? 255))
      throw new Error('the name is too long');
    if (absolute === folder || absolute.startsWith(folder + sep)) return absolute;
    throw new Outside();
  };
  // The folders above the served one may be looked at: a client walks up to find what exists.
  const visible = (path: string) => {
    const absolute = resolve(folder, path);
    return folder.startsWith(join(absolute, sep)) ? absolute : within(absolute);
  };
  const handleOf = (handle: Buffer) => {
    const found = handles.get(handle.readUInt32BE(0));
    if (found === undefined) throw new Error('no such handle');
    return found;
  };
  const forget = (number: number) => {
    handles.delete(number);
    openPaths.delete(paths.get(number) ?? '');
    paths.delete(number);
  };
  const mute = () => {
    if ((faults.arrived ?? 0) < (faults.muteAfter ?? Number.POSITIVE_INFINITY)) return false;
    faults.muted = (faults.muted ?? 0) + 1;
    return true;
  };
  /** Answers a request with what `work` gives, a function that sends it, or else with OK or the status of its error. */
  const answer = (id: number, work: () => Promise<unknown>) => {
    work().then(
      (reply) => {
        if (!mute()) typeof reply === 'function' ? reply() : sftp.status(id, STATUS_CODE.OK);
      },
      (error: unknown) => {
        if (!mute()) sftp.status(id, statusOf(error));
      },
    );
  };
  const attributes = (stats: Stats): Attributes => ({
    mode: stats.mode,
    uid: stats.uid,
    gid: stats.gid,
    size: stats.isFile() ? stats.size - (faults.losesBytes ?? 0) : stats.size,
    atime: Math.floor(stats.atimeMs / 1000),
    mtime: Math.floor(stats.mtimeMs / 1000),
  });

  sftp.on('REALPATH', (id, path) => {
    const found = resolve(folder, path);
    sftp.name(id, [{ filename: found, longname: found, attrs: {} as Attributes }]);
  });
  const tell = (look: (path: string) => Promise<Stats>) => (id: number, path: string) =>
    answer(id, async () => {
      const found = attributes(await look(visible(path)));
      return () => sftp.attrs(id, found);
    });
  sftp.on('STAT', tell(stat));
  sftp.on('LSTAT', tell(lstat));
  sftp.on('MKDIR', (id, path) => answer(id, async () => void (await mkdir(within(path)))));
  sftp.on('REMOVE', (id, path) => answer(id, async () => unlink(within(path))));
  sftp.on('RENAME', (id, from, to) =>
    answer(id, async () => {
      const { resetAtRename } = faults;
      if (resetAtRename === 'before') {
        delete faults.resetAtRename;
        socket.resetAndDestroy();
        return;
      }
      // As version 3 of the protocol has it: an existing file is not replaced.
      if (await lstat(within(to)).catch(() => undefined)) throw new Error('it exists');
      await rename(within(from), within(to));
      delete faults.resetAtRename;
      if (resetAtRename === 'after') socket.resetAndDestroy();
    }),
  );
  sftp.on('OPEN', (id, path, flags, wanted) =>
    answer(id, async () => {
      if (faults.noReading && (flags & OPEN_MODE.READ) !== 0) throw new Outside();
      if (faults.opensOnce && openPaths.has(within(path))) throw new Error('it is open');
      const file = await open(within(path), flagsOf(flags), wanted.mode ?? 0o666);
      const number = nextHandle++;
      handles.set(number, file);
      paths.set(number, within(path));
      openPaths.add(within(path));
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(number);
      return () => sftp.handle(id, handle);
    }),
  );
  sftp.on('CLOSE', (id, handle) =>
    answer(id, async () => {
      const file = handleOf(handle);
      forget(handle.readUInt32BE(0));
      await file.close();
    }),
  );
  sftp.on('READ', (id, handle, offset, length) =>
    answer(id, async () => {
      const asked = faults.shortReads ? Math.ceil(length / 2) : length;
      const data = Buffer.alloc(Math.min(asked, LONGEST_READ));
      const { bytesRead } = await handleOf(handle).read(data, 0, data.length, offset);
      return () =>
        bytesRead === 0 ? sftp.status(id, STATUS_CODE.EOF) : sftp.data(id, data.subarray(0, bytesRead));
    }),
  );
  sftp.on('WRITE', (id, handle, offset, data) =>
    answer(id, async () => {
      faults.arrived = (faults.arrived ?? 0) + data.length;
      faults.writes = (faults.writes ?? 0) + 1;
      const number = faults.writes;
      const reached = (limit: number | undefined) => limit !== undefined && (faults.arrived ?? 0) >= limit;
      await faults.onWrite?.(faults.arrived);
      if (reached(faults.resetAfter)) socket.resetAndDestroy();
      if (reached(faults.deafAfter)) socket.pause();
      if (reached(faults.fullAfter)) throw new Error('full');
      const file = handleOf(handle);
      if (faults.inOrderOnly && (await file.stat()).size !== offset)
        throw new Error('not the end of the file');
      await writeWhole(file, number === faults.halfWrite ? data.subarray(0, data.length / 2) : data, offset);
    }),
  );
  socket.on('close', () => {
    for (const [number, file] of handles) {
      forget(number);
      file.close().catch(() => undefined);
    }
  });
}

async function writeWhole(file: FileHandle, data: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    done += (await file.write(data, done, data.length - done, offset + done)).bytesWritten;
  }
}
