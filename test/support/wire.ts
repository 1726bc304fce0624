/** Requests written byte by byte, to see how a server takes what no client library would send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What came back: the status, headers in lower case, and the parsed body (empty when nothing came). */
export interface WireAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Connects to a port on loopback and writes `request`. */
export async function wire(port: number, request = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (request !== '') socket.write(request);
  return socket;
}

/** Everything that comes until the other side closes the connection. */
export async function untilClosed(socket: Socket): Promise<WireAnswer> {
  let text = '';
  socket.setEncoding('utf8').on('data', (more) => {
    text += more;
  });
  await once(socket, 'close');
  return parse(text);
}

/** The first answer on a connection, which may stay open; its body must come with it. */
export async function firstAnswer(socket: Socket): Promise<WireAnswer> {
  const [data] = await once(socket, 'data');
  return parse(String(data));
}

function parse(text: string): WireAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [line = '', ...fields] = head.split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(line.split(' ')[1] ?? 0), headers, body: rest.join('\r\n\r\n') };
}
