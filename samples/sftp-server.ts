/**
 * A small SFTP server of our own, made with ssh2: for the demo where the machine has no OpenSSH, and for tests
 * that need a server to misbehave. One user with a password, one folder, uploads only, no extensions.
 */
import { spawn } from 'node:child_process';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, realpath } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ServerChannel } from 'ssh2';
import { newHostKey } from './host-key.ts';
import { type SftpFaults, serveFiles } from './sftp-files.ts';

export interface SftpServer {
  readonly kind: 'OpenSSH' | 'built-in';
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Public key, "type base64". */
  readonly hostKey: string;
  /** Path of the file with the public keys that may sign in; OpenSSH only. */
  readonly authorizedKeys?: string;
  /** Absolute; where the login lands. */
  readonly folder: string;
  /** Ends the server and its connections, and takes back what it changed on the machine. */
  stop(): Promise<void>;
}

/** What a test wants to go wrong; may be changed while the server runs. */
export interface ServerFaults extends SftpFaults {
  /** Leaves the method "password" out and asks for it by prompt instead. */
  promptOnly?: boolean;
  /** Grants one channel on a connection. */
  oneChannel?: boolean;
  /** Lets the user in but starts no SFTP. */
  noSftp?: boolean;
}

export interface BuiltInServer extends SftpServer {
  readonly faults: ServerFaults;
  /** Connections that are open now. */
  readonly connections: ReadonlySet<Socket>;
  /** Logins tried so far. */
  logins: number;
}

export interface BuiltInOptions {
  readonly folder: string;
  readonly faults?: ServerFaults;
  /** 0: a free one. */
  readonly port?: number;
  /** OpenSSH's sftp-server: it then does the files, as whoever runs this, and only the login is ours. */
  readonly program?: string;
  /** For that program, such as -P with the requests it does not take. */
  readonly programOptions?: readonly string[];
}

/** Starts the server on a free loopback port with a new host key and a new password. */
export async function startBuiltInServer(options: BuiltInOptions): Promise<BuiltInServer> {
  await mkdir(options.folder, { recursive: true });
  const folder = await realpath(options.folder);
  const username = 'demo';
  const password = randomBytes(12).toString('base64url');
  const keys = newHostKey();
  const faults = options.faults ?? {};
  const connections = new Set<Socket>();

  const ssh = new ssh2.Server({ hostKeys: [keys.private] });
  // Ours, so that faults can be done to the sockets themselves.
  const listener = createServer({ noDelay: true }, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    ssh.injectSocket(socket);
  });
  ssh.on('connection', (client, info) => {
    const socket = [...connections].find((one) => one.remotePort === info.port);
    if (socket !== undefined) serve(client, socket);
  });
  const serve = (client: Connection, socket: Socket) => {
    // A connection that breaks is what some tests are about.
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      if (context.method !== 'none') server.logins += 1;
      logIn(context, username, password, faults.promptOnly === true);
    });
    let sessions = 0;
    client.on('session', (accept, reject) => {
      sessions += 1;
      if (faults.oneChannel && sessions > 1) return reject();
      const session = accept();
      if (faults.noSftp) return;
      if (options.program === undefined)
        session.on('sftp', (open) => serveFiles(open(), socket, folder, faults));
      else session.on('subsystem', (open) => runProgram(open(), options, folder));
    });
  };
  listener.listen(options.port ?? 0, '127.0.0.1');
  await once(listener, 'listening');

  const server: BuiltInServer = {
    kind: 'built-in',
    address: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    username,
    password,
    hostKey: keys.public.split(' ').slice(0, 2).join(' '),
    folder,
    faults,
    connections,
    logins: 0,
    stop: async () => {
      listener.close();
      for (const socket of connections) socket.destroy();
      if (listener.listening) await once(listener, 'close');
    },
  };
  return server;
}

function logIn(context: AuthContext, username: string, password: string, promptOnly: boolean): void {
  const right = (given: string) => context.username === username && isSame(given, password);
  if (context.method === 'password' && !promptOnly) {
    if (right(context.password)) context.accept();
    else context.reject(['password', 'keyboard-interactive']);
    return;
  }
  if (context.method === 'keyboard-interactive' && promptOnly) {
    context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
      if (right(answers[0] ?? '')) context.accept();
      else context.reject(['keyboard-interactive']);
    });
    return;
  }
  context.reject([promptOnly ? 'keyboard-interactive' : 'password']);
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function runProgram(channel: ServerChannel, options: BuiltInOptions, folder: string): void {
  const { program = '', programOptions = [] } = options;
  const child = spawn(program, programOptions, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => channel.close());
  child.stdin.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel);
  child.on('exit', () => channel.close());
  channel.on('close', () => child.kill());
}
