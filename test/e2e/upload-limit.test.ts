/** UPLOAD_BYTES_MOST: a larger file is refused as soon as that can be told, and nothing of it stays. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startServices } from '../support/services.ts';

const refused = {
  result: 'failed',
  messages: [{ id: 'FQXHMSE9307M', text: /the 100000 bytes that an upload/ }],
};

/** A multipart body with a file of `size` bytes; without its length when it is a stream. */
function form(size: number): Blob {
  const opening = '--b\r\nContent-Disposition: form-data; name="uploadedfile"; filename="a.iso"\r\n\r\n';
  return new Blob([opening, 'x'.repeat(size), '\r\n--b--\r\n']);
}

t.test('an upload larger than allowed', async (t) => {
  const { client, dataDir } = await startServices(t, { env: { UPLOAD_BYTES_MOST: '100000' } });
  const announced = await client.fetch('POST', '/osImages?imageType=OS', {
    Action: 'Init',
    fileSize: '100001',
  });
  t.equal(announced.status, 413);
  t.match(await announced.json(), refused);
  t.ok(await client.createImport('OS', 100_000), 'the most there may be');

  const send = async (jobId: string, body: Blob | ReadableStream): Promise<Response> =>
    await fetch(`${client.url}/files/osImages?jobId=${jobId}&imageType=OS`, {
      method: 'POST',
      headers: { ...client.headers, 'content-type': 'multipart/form-data; boundary=b' },
      body,
      duplex: 'half',
    });
  for (const body of [form(1_000_000), form(100_001).stream()]) {
    const answer = await send(await client.createImport('OS'), body);
    t.equal(answer.status, 413);
    t.match(await answer.json(), refused);
  }
  t.strictSame(await readdir(join(dataDir, 'store/staging')).catch(() => []), []);
});
