/**
 * The examples of the OpenAPI document are sent to the real services, with the sample profile; each answer must
 * be what the document says, and the document must say all of it.
 */
import { join } from 'node:path';
import { connectPackager } from '@osimage/packaging-api';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { installSamples } from '../../samples/install.ts';
import { startServices } from '../support/services.ts';
import { addressOf, type Call, readCalls } from './document.ts';

/** In which order: each finds what it needs. The rest may come in any. */
const first = [
  'POST /osImages/remoteFileServers',
  'GET /osImages/remoteFileServers/{id}',
  'PUT /osImages/remoteFileServers/{id}',
  'POST /osImages',
  'POST /files/osImages',
  'GET /osImages/{id}',
  'POST /osImages/{id}',
  'PUT /osImages/{id}',
  'PUT /tasks/{list}',
];
const last = [
  'DELETE /tasks/{list}',
  'DELETE /osImages/{id}',
  'DELETE /osImages/remoteFileServers/{id}',
  'DELETE /sessions/{uuid}',
  'DELETE /sessions',
];
/** The one call that is always refused: nobody may overwrite the progress of a job. */
const alwaysRefused = 'PUT /tasks/{list}';
const password = 'Passw0rd-of-the-tests';

t.test('every example', async (t) => {
  const services = await startServices(t);
  const { url, client } = services;
  const packager = connectPackager(services.packagers[0]!.address);
  t.teardown(() => packager.close());
  const storeRoot = join(services.dataDir, 'store');
  const signal = AbortSignal.timeout(60_000);
  await installSamples({ client: packager, db: services.db, storeRoot, signal });
  const { document, calls } = await readCalls(url);
  const known = new Map<string, string>();
  const schemas = new Schemas(document);

  const names = calls.map(({ name }) => name);
  const middle = names.filter((name) => !first.includes(name) && !last.includes(name));
  for (const name of [...first, ...middle, ...last]) {
    const call = calls.find((found) => found.name === name)!;
    if (name === last[0]) await endAll();
    await t.test(name, async (t) => {
      const answer = await send(call);
      t.equal(answer.status, name === alwaysRefused ? 403 : 200, answer.text.slice(0, 300));
      schemas.check(t, call, answer);
      learn(name, answer.text);
      if (name === 'GET /osImages/{id}') {
        // Watched to its end, so that what comes next sees a job with everything in it.
        await client.ended(known.get('42')!);
        for (const suffix of ['', '.sha256', '?contents=true'])
          t.equal(
            (await client.fetch('GET', `/osImages/${known.get('archive')}${suffix}`)).status,
            200,
            suffix,
          );
      }
      for (const parameter of call.parameters.filter(
        (found) => found.in === 'query' && call.method === 'GET',
      )) {
        if (parameter.example !== undefined) continue;
        const example = String(parameter.schema.examples?.[0]);
        const one = await send(call, { [parameter.name]: known.get(example) ?? example });
        t.equal(one.status, 200, `${parameter.name}=${example}: ${one.text.slice(0, 200)}`);
        schemas.check(t, call, one);
      }
    });
  }

  async function send(call: Call, values: Record<string, string> = {}) {
    const instead = Object.fromEntries(
      call.parameters
        .map(({ name, example }) => [name, known.get(String(example))] as const)
        .filter(([, value]) => value),
    ) as Record<string, string>;
    const path = addressOf(call, { ...instead, ...values });
    let body: unknown = call.body?.example;
    if (call.name === 'POST /files/osImages') {
      const form = new FormData();
      form.set('uploadedfile', new Blob(['#!/bin/sh\necho hello, world!\n']), 'hello.sh');
      body = form;
    } else if (body !== undefined) body = JSON.parse(replaced(JSON.stringify(body)));
    const answer = await client.fetch(call.method, path, body);
    return {
      status: answer.status,
      type: answer.headers.get('content-type') ?? '',
      text: await answer.text(),
    };
  }

  /** Cancels what still runs: an export on its way to the server of the example would hold that server. */
  async function endAll(): Promise<void> {
    const jobs = await client.ok<{ jobUID: string }[]>('GET', '/tasks?status=Pending,Running');
    if (jobs.length === 0) return;
    await client.ok('PUT', '/tasks', { action: 'cancel', list: jobs.map(({ jobUID }) => jobUID) });
    for (const { jobUID } of jobs) await client.ended(jobUID);
  }

  /** The document's stand-ins, in the words of this installation. */
  function replaced(text: string): string {
    const real = text.replaceAll('choose-a-password', password);
    return real.replace('"42"', `"${known.get('42') ?? '42'}"`);
  }

  /** Takes note of ids that only this installation knows. */
  function learn(name: string, text: string): void {
    if (name === 'POST /osImages') known.set('26', (JSON.parse(text) as { jobId: string }).jobId);
    if (name === 'GET /osImages/{id}') {
      const { jobID, filename } = JSON.parse(text) as { jobID: string; filename: string };
      known.set('42', jobID).set('archive', filename);
    }
    if (name === 'POST /sessions') {
      const { response } = JSON.parse(text) as { response: { session: { id: string } } };
      known.set('6f1c2a52-6d5c-4a43-9a0e-0d3f0f2f8a11', response.session.id);
    }
  }
});

/** The document's answers as validators that want every attribute to be documented. */
class Schemas {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });

  constructor(document: object) {
    this.#ajv.addSchema(closed(document) as object, 'document');
  }

  check(t: Test, call: Call, answer: { status: number; type: string; text: string }): void {
    // The answer to HEAD has no body.
    if (call.method === 'HEAD') return;
    const documented = call.answers[String(answer.status)];
    if (documented === undefined) {
      t.notMatch(answer.type, /^application\/json/, 'no undocumented JSON');
      return;
    }
    const place = `paths/${escaped(call.path)}/${call.method.toLowerCase()}/responses/${answer.status}`;
    const validate = this.#ajv.getSchema(`document#/${place}/content/application~1json/schema`);
    if (!validate) throw new Error(`no schema of ${call.name} ${answer.status}`);
    validate(JSON.parse(answer.text));
    t.strictSame(
      validate.errors?.map(({ instancePath, message, params }) => ({ instancePath, message, params })) ?? [],
      [],
    );
  }
}

function escaped(path: string): string {
  return encodeURIComponent(path.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** Every object schema with attributes, closed. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const object = copy.type === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return object ? { ...copy, additionalProperties: false } : copy;
}
