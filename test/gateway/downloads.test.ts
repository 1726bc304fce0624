/** Downloads of finished archives: RFC 9110 ranges and conditions, RFC 9530 digests (contract, section 7.2). */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, truncate, writeFile as write } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { writeArchive } from '@osimage/archive';
import { deleteObjects } from '@osimage/database';
import fc from 'fast-check';
import t from 'tap';
import { parseRange } from '../../services/gateway/downloads/range.ts';
import { writeFile } from '../../services/gateway/downloads/write-file.ts';
import { collect, makeProfile, makeRichProfile, richFiles } from '../archive/profile.ts';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';
import { addArchive } from '../support/image-rows.ts';
import { until } from '../support/until.ts';

const name = '20260131054310_Custom-2016.tar.gz';
// More than two chunks, and no whole number of them.
const content = randomBytes(2_500_000);

interface Answer {
  code: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

async function listening(gateway: TestGateway) {
  const url = await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  return async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> => {
    const answer = await open(url, path, { ...gateway.headers, ...headers }, method);
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk);
    return { code: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks) };
  };
}

function open(url: string, path: string, headers: Record<string, string>, method = 'GET') {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request(`${url}${path}`, { method, headers }, resolve).on('error', reject).end();
  return promise;
}

t.test('sends an archive whole, in parts, or not at all', async (t) => {
  const gateway = await createTestGateway(t);
  const { sha256 } = await addArchive(gateway.db, gateway.services.storeRoot, name, content);
  const get = await listening(gateway);
  const path = `/osImages/${name}`;
  const etag = `"${sha256}"`;

  const whole = await get(path);
  t.equal(whole.code, 200);
  t.ok(whole.body.equals(content));
  t.match(whole.headers, {
    'content-type': 'application/gzip',
    'content-length': String(content.length),
    'content-disposition': `attachment; filename="${name}"`,
    'accept-ranges': 'bytes',
    etag,
    'repr-digest': `sha-256=:${createHash('sha256').update(content).digest('base64')}:`,
    'cache-control': 'private, no-cache',
    'x-content-type-options': 'nosniff',
  });
  const head = await get(path, { range: 'bytes=0-1' }, 'HEAD');
  t.equal(head.code, 200);
  t.equal(head.body.length, 0);
  for (const header of [
    'content-type',
    'content-length',
    'content-disposition',
    'accept-ranges',
    'etag',
    'repr-digest',
  ])
    t.equal(head.headers[header], whole.headers[header], `HEAD has ${header}`);

  const last = content.length - 1;
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 0],
    ['bytes=1048575-1048576', 1_048_575, 1_048_576],
    ['bytes=2000000-', 2_000_000, last],
    ['bytes=-7', last - 6, last],
    ['bytes=-99999999', 0, last],
    ['bytes=5-99999999', 5, last],
  ] as const) {
    const part = await get(path, { range });
    t.equal(part.code, 206, range);
    t.equal(part.headers['content-range'], `bytes ${start}-${end}/${content.length}`);
    t.equal(part.headers['content-length'], String(end - start + 1));
    t.ok(part.body.equals(content.subarray(start, end + 1)), `${range} has the right bytes`);
  }
  for (const range of ['bytes=0-1,5-6', 'bytes=7-3', 'lines=1-2', 'bytes=a-b', 'bytes=-']) {
    t.equal((await get(path, { range })).code, 200, `${range} gives the whole file`);
  }
  for (const range of [`bytes=${content.length}-`, 'bytes=-0']) {
    const none = await get(path, { range });
    t.equal(none.code, 416, range);
    t.equal(none.headers['content-range'], `bytes */${content.length}`);
    t.match(JSON.parse(none.body.toString()), { result: 'failed', filename: '' });
  }
  t.equal((await get(path, { range: 'bytes=1-2', 'if-range': etag })).code, 206);
  t.equal((await get(path, { range: 'bytes=1-2', 'if-range': '"other"' })).code, 200);
  t.equal((await get(path, { range: 'bytes=1-2', 'if-range': 'Wed, 21 Oct 2015 07:28:00 GMT' })).code, 200);
  for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const same = await get(path, { 'if-none-match': tag });
    t.equal(same.code, 304, tag);
    t.equal(same.body.length, 0);
    t.equal(same.headers.etag, etag);
  }
  t.equal((await get(path, { 'if-none-match': '"x"' })).code, 200);

  const line = await get(`${path}.sha256`);
  t.equal(line.body.toString(), `${sha256}  ${name}\n`);
  t.match(line.headers, { 'content-type': /^text\/plain/ });
  t.equal((await get(`${path}.sha256`, {}, 'HEAD')).headers['content-length'], String(line.body.length));
});

t.test('says why there is nothing to download', async (t) => {
  const gateway = await createTestGateway(t);
  const { db, services } = gateway;
  const { path } = await addArchive(db, services.storeRoot, name, content);
  await addArchive(db, services.storeRoot, 'old.tar.gz', content);
  await db.transaction((tx) => deleteObjects(tx, ['old.tar.gz']));
  const get = await listening(gateway);
  for (const unknown of [
    'none.tar.gz',
    'none.tar.gz.sha256',
    `${'x'.repeat(300)}.tar.gz`,
    '..%2F..%2Fetc.tar.gz',
  ]) {
    const answer = await get(`/osImages/${unknown}`);
    t.equal(answer.code, 404, unknown);
    const body = JSON.parse(answer.body.toString());
    t.match(body, { result: 'failed', filename: '', jobID: '', messages: [String] });
    t.equal((await get(`/osImages/${unknown}`, {}, 'HEAD')).code, 404);
  }
  for (const gone of ['old.tar.gz', 'old.tar.gz.sha256']) {
    const answer = await get(`/osImages/${gone}`);
    t.equal(answer.code, 404);
    t.match(JSON.parse(answer.body.toString()).messages[0], /was deleted at \d{4}-/);
  }
  const operator = await gateway.addUser('reader', 'lxc-operator');
  t.equal((await get(`/osImages/${name}`, operator)).code, 403);
  t.equal((await get(`/osImages/${name}`, { authorization: '' })).code, 401);

  await truncate(path, 10);
  const short = await get(`/osImages/${name}`);
  t.equal(short.code, 500);
  t.match(JSON.parse(short.body.toString()).messages[0], /damaged/);
  t.notOk(short.headers.etag);
  await rm(path);
  t.equal((await get(`/osImages/${name}`, {}, 'HEAD')).code, 500);
});

t.test('stops reading when the client goes away, and cuts off when the file is too short', async (t) => {
  const length = 50 * 1024 * 1024;
  const state = { reads: 0, end: Infinity };
  const piece = Buffer.alloc(1024 * 1024);
  // A file of any length: each read counts.
  const pieces = {
    read: async () => {
      if (state.reads * piece.length >= state.end) throw new Error('it ends too early');
      state.reads++;
      return state.reads * piece.length > length ? undefined : piece;
    },
  };
  let written: Promise<boolean> | undefined;
  const server = createServer((_request, response) => {
    response.setHeader('content-length', length);
    written = pieces.read().then((first) => writeFile(response, first, pieces, () => {}));
    written.catch(() => {});
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const left = await open(url, '/', {});
  await once(left, 'readable');
  left.destroy();
  t.equal(await written, false);
  t.ok(state.reads < 50, `${state.reads} of 50 chunks were read`);

  Object.assign(state, { reads: 0, end: 3_000_000 });
  const short = await open(url, '/', {});
  await t.rejects(async () => {
    for await (const _ of short);
  });
  await t.rejects(written!, { message: /too early/ });

  Object.assign(state, { reads: 0, end: Infinity });
  let received = 0;
  for await (const chunk of await open(url, '/', {})) received += chunk.length;
  t.equal(received, length);
  t.equal(await written, true);
  t.equal(state.reads, 51, 'and asked for the end once');
});

t.test('a range lies inside the file and is what was asked for', async (t) => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.nat(1_200), fc.option(fc.nat(1_200)), (size, first, last) => {
      const range = parseRange(`bytes=${first}-${last ?? ''}`, size);
      if (last !== null && last < first) return range === undefined;
      if (first >= size) return range === 'unsatisfiable';
      const end = Math.min(last ?? size - 1, size - 1);
      return typeof range === 'object' && range.start === first && range.end === end;
    }),
  );
  t.pass();
  fc.assert(
    fc.property(fc.string(), fc.nat(1_000), (header, size) => {
      const range = parseRange(header, size);
      return typeof range !== 'object' || (range.start >= 0 && range.start <= range.end && range.end < size);
    }),
  );
});

t.test('a damaged archive is never sent as if it were whole', async (t) => {
  const gateway = await createTestGateway(t);
  const { db, services } = gateway;
  const folder = t.testdir();
  const large = { kind: 'driver', name: 'large.iso', content: randomBytes(5_000_000) } as const;
  const profile = await makeProfile(folder, [...richFiles, large]);
  const written = join(folder, 'written.tar.gz');
  const archive = profile.open();
  const { chunks } = await writeArchive(archive, written);
  await archive.close();
  const bytes = await readFile(written);
  const { path } = await addArchive(db, services.storeRoot, name, bytes, chunks);
  const url = await gateway.app.listen({ port: 0, host: '127.0.0.1' });
  const get = async (range?: string, method = 'GET') => {
    const answer = await open(
      url,
      `/osImages/${name}`,
      { ...gateway.headers, ...(range && { range }) },
      method,
    );
    const parts: Buffer[] = [];
    let cut = false;
    try {
      for await (const part of answer) parts.push(part);
    } catch {
      cut = true;
    }
    return { code: answer.statusCode, cut, body: Buffer.concat(parts), headers: answer.headers };
  };
  const heal = () => db.query('update archives set damage = null');
  const damaged = async () => Number(/damaged_total (\d+)/.exec(await metrics())?.[1]);
  const metrics = async () => (await gateway.app.inject({ url: '/metrics', headers: gateway.headers })).body;
  const marked = async () => (await db.query('select from archives where damage is not null')).rowCount === 1;
  t.same((await get()).body, bytes, 'whole as it is');

  const seed = Math.floor(Math.random() * 2 ** 31);
  t.comment(`seed ${seed}`);
  const random = (below: number, turn: number) =>
    createHash('sha256').update(`${seed} ${turn}`).digest().readUInt32LE() % below;
  const last = bytes.length - 1;
  const places = [0, last, ...Array.from({ length: 12 }, (_, turn) => random(bytes.length, turn))];
  for (const [turn, place] of places.entries()) {
    const rotten = Buffer.from(bytes);
    rotten[place]! ^= 1 + random(255, turn);
    await write(path, rotten);
    await heal();
    const before = await damaged();
    const answer = await get();
    if (answer.code === 500) t.match(JSON.parse(answer.body.toString()).messages[0], /damaged: bytes 0 to/);
    else {
      t.ok(answer.cut, `cut off at byte ${place}`);
      t.ok(answer.body.length <= place, 'before the damage');
      t.ok(answer.body.equals(bytes.subarray(0, answer.body.length)), 'and what came is right');
    }
    await until(marked);
    t.equal(await damaged(), before + 1, 'it is counted');

    await heal();
    const one = await get(`bytes=${place}-${place}`);
    t.equal(one.code, 500, 'a range that meets it is refused in words');
    t.match(JSON.parse(one.body.toString()).messages[0], /bytes \d+ to \d+ of its file have changed/);
    t.notOk(one.headers['content-range']);
    t.equal((await get('bytes=0-0')).code, 500, 'and from then on every other');
    t.equal((await get(undefined, 'HEAD')).code, 500);

    await heal();
    const far = place < bytes.length / 2 ? bytes.length - 700 : 0;
    const other = await get(`bytes=${far}-${far + 99}`);
    t.same(other.body, bytes.subarray(far, far + 100), 'a range elsewhere is right');
  }
  await write(path, bytes);
  await heal();
  t.same((await get('bytes=1000000-3999999')).body, bytes.subarray(1_000_000, 4_000_000));
  await write(path, Buffer.alloc(bytes.length));
  await db.query('update archives set chunks = null');
  t.equal((await get()).code, 200, 'one made before checksums were kept goes as before');
  await db.query(`update archives set chunks = '\\x0102030405060708'`);
  t.equal((await get()).code, 500, 'an index of another archive is no proof');
});

t.test('contents=true answers the metadata, as long as there is an archive', async (t) => {
  const gateway = await createTestGateway(t);
  const { app, db, headers, services } = gateway;
  const profile = await makeRichProfile(t.testdir());
  const bytes = await collect(profile.open());
  const { sha256, path } = await addArchive(db, services.storeRoot, name, bytes);
  await db.query(`update jobs set state = 'Complete', ended_at = now()`);
  await db.query('delete from jobs');
  const get = (id: string, query = '?contents=true', method: 'GET' | 'HEAD' = 'GET') =>
    app.inject({ method, url: `/osImages/${encodeURIComponent(id)}${query}`, headers });

  const shown = await get(name);
  t.equal(shown.statusCode, 200, 'its job is gone');
  t.equal(shown.headers['cache-control'], 'no-store');
  t.strictSame(shown.json(), {
    filename: name,
    size: bytes.length,
    sha256,
    ...JSON.parse(profile.metadata),
    result: 'success',
    messages: [],
  });
  t.same((await get(name, '?contents=false')).rawPayload, bytes);
  const head = await get(name, '?contents=TRUE', 'HEAD');
  t.same(
    [head.statusCode, head.body, head.headers['content-type']],
    [200, '', 'application/json; charset=utf-8'],
  );

  const refused = async (id: string, code: number, text: RegExp, query?: string) => {
    const answer = await get(id, query);
    t.equal(answer.statusCode, code, id);
    t.match(answer.json(), { filename: '', jobID: '', result: 'failed', messages: [text, String] }, id);
  };
  await refused(`x${name}`, 404, /no archive/);
  await refused('a|b', 400, /name of an archive/);
  await refused('win2016', 400, /name of an archive/);
  await refused(`${name}.sha256`, 400, /name of an archive/);
  await refused(name, 400, /./, '?contents=maybe');
  const rotten = Buffer.from(bytes);
  rotten.fill(0xff, 600, 700);
  await write(path, rotten);
  await refused(name, 500, /archive is damaged/);
  await truncate(path, bytes.length - 1);
  await refused(name, 500, /instead of/);
  await rm(path);
  await refused(name, 500, /missing from the store/);
  await db.transaction((tx) => deleteObjects(tx, [name]));
  await refused(name, 404, /was deleted at \d{4}-/);
});
