/** Taking the body of an upload apart (contract, section 5), whatever it holds and however it arrives. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { Problem } from '@osimage/errors';
import fc from 'fast-check';
import t from 'tap';
import { readForm } from '../../services/gateway/uploads/form.ts';
import { MultipartParser } from '../../services/gateway/uploads/multipart.ts';
import { part } from '../support/multipart.ts';

t.test('content arrives byte for byte, however it is split on its way', async (t) => {
  const piece = fc.oneof(
    fc.constantFrom('\r\n', '--edge', '\r\n--edge', '--', '\r\n--edg', 'edge--', '\r', '\n'),
    fc.string({ maxLength: 40 }),
  );
  // The closing boundary itself cannot be content.
  const content = fc
    .array(piece)
    .map((pieces) => `x${pieces.join('')}`.replaceAll('\r\n--edge', '\r\n--egde'));
  await fc.assert(
    fc.asyncProperty(
      content,
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      fc.boolean(),
      async (text, sizes, last) => {
        const file = part('uploadedfile', text, '; filename="a.sh"');
        const field = part('name', 'uploadedfile');
        const body = Buffer.from(`${last ? field + file : file + field}--edge--\r\n`);
        const chunks: Buffer[] = [];
        for (let at = 0, n = 0; at < body.length; n++) {
          const size = sizes[n % sizes.length]!;
          chunks.push(body.subarray(at, at + size));
          at += size;
        }
        const headers = { 'content-type': 'multipart/form-data; boundary=edge' };
        const request = Object.assign(Readable.from(chunks, { objectMode: false }), {
          headers,
          complete: true,
        });
        const [got, names]: [Buffer[], string[]] = [[], []];
        await readForm(request as unknown as IncomingMessage, {
          signal: new AbortController().signal,
          begin: (name) => names.push(name),
          write: (bytes) => void got.push(Buffer.from(bytes)),
          cutOff: () => new Problem('upload_cut_off', { received: 0 }),
        });
        return names.join() === 'a.sh' && Buffer.concat(got).equals(Buffer.from(text));
      },
    ),
  );
  t.pass();
});

t.test('whatever the body is, it is taken apart or refused', async (t) => {
  const bytes = fc.array(
    fc.oneof(
      fc.constantFrom(
        '--edge',
        '\r\n',
        '--',
        '\r\n\r\n',
        'Content-Disposition: form-data; name="uploadedfile"',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    ),
  );
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1 }), (pieces) => {
      const parser = new MultipartParser('multipart/form-data; boundary="edge"');
      const all = pieces.map((piece) => Buffer.from(piece.join('')));
      let content = 0;
      for (const piece of all) {
        for (const event of parser.feed(piece)) if (event.kind === 'content') content += event.bytes.length;
      }
      return content <= Buffer.concat(all).length;
    }),
    { numRuns: 1_000 },
  );
  t.throws(() => new MultipartParser('multipart/form-data'), { code: 'invalid_request' });
  const endless = new MultipartParser('multipart/form-data; boundary=edge');
  t.throws(() => [...endless.feed(Buffer.from(`--edge\r\n${'x'.repeat(20_000)}`))], {
    code: 'invalid_request',
  });
  const names = (disposition: string) => {
    const parser = new MultipartParser('multipart/form-data; boundary=edge');
    const [event] = parser.feed(
      Buffer.from(`--edge \t\r\nA: b\r\nCONTENT-DISPOSITION: form-data; ${disposition}\r\n\r\n`),
    );
    return event?.kind === 'part' && [event.name, event.fileName];
  };
  t.strictSame(names('name=a; filename=b.sh'), ['a', 'b.sh']);
  t.strictSame(names('filename="a \\"b\\"; ü.sh"; name="x"'), ['x', 'a "b"; ü.sh']);
  t.strictSame(names(`name="x"; filename="a"; filename*=UTF-8''%C3%BC.sh`), ['x', 'ü.sh']);
  t.strictSame(names(`name="x"; filename="a"; filename*=UTF-8''%C3`), ['x', 'a']);
  t.strictSame(names('size=3'), ['', '']);
});
