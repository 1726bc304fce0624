/** The main job through the front door: import, profile, export, download, check. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { buildSamples } from '../../samples/build.ts';
import { importWindows, makeSampleProfile } from '../support/sample-profile.ts';
import { startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';

const run = promisify(execFile);

t.test('a profile of real files becomes one checked archive', async (t) => {
  const services = await startServices(t);
  const { client } = services;
  const folder = await mkdtemp(join(tmpdir(), 'osimage-e2e-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const samples = await buildSamples(join(folder, 'samples'));
  const profileId = await makeSampleProfile(client, samples);

  const started = await client.export(profileId);
  t.match(started, { jobID: /^\d+$/, jobId: /^\d+$/, result: 'success', messages: [] });
  t.match(started.filename, /^\d{14}_web\.tar\.gz$/);
  const task = await client.ended(started.jobID);
  t.match(task, {
    status: 'Complete',
    percentage: 100,
    complete: true,
    error: null,
    isCancelable: false,
    jobTitle: 'Export OS-image profile web',
    filename: started.filename,
    finalPath: started.filename,
    bytesDone: task.size,
    bytesTotal: task.size,
    profileId,
    attempts: [{ error: null }],
  });

  const download = await client.fetch('GET', `/osImages/${started.filename}`);
  t.equal(download.status, 200);
  const bytes = Buffer.from(await download.arrayBuffer());
  t.equal(bytes.length, task.size);
  t.equal(createHash('sha256').update(bytes).digest('hex'), task.sha256);
  const archive = join(folder, started.filename);
  await writeFile(archive, bytes);
  const side = await client.fetch('GET', `/osImages/${started.filename}.sha256`);
  await writeFile(`${archive}.sha256`, await side.text());

  await t.test('tools nobody here wrote agree', async (t) => {
    await run('sha256sum', ['-c', `${started.filename}.sha256`], { cwd: folder });
    await run('gzip', ['-t', archive]);
    await run('tar', ['-xzf', archive, '-C', folder]);
    const checked = await run('sha256sum', ['-c', 'profile/checksums.sha256'], { cwd: folder });
    t.notMatch(checked.stdout, 'FAILED');
    const metadata = JSON.parse(await readFile(join(folder, 'profile/metadata.json'), 'utf8'));
    for (const file of metadata.files) {
      const content = await readFile(join(folder, file.path));
      t.equal(content.length, file.size, file.path);
      t.equal(createHash('sha256').update(content).digest('hex'), file.sha256, file.path);
    }
    const given = samples.filter((sample) => sample.imageType !== 'OS').map((sample) => sample.name);
    t.strictSame(
      metadata.files
        .filter((file: { kind: string }) => file.kind !== 'predefined-unattend')
        .map((file: { name: string }) => file.name)
        .sort(),
      given.sort(),
    );
  });

  await t.test('a second export gives the same bytes', async (t) => {
    const again = await client.ended((await client.export(profileId)).jobID);
    t.equal(again.sha256, task.sha256);
    t.not(again.filename, task.filename, 'under a name of its own');
  });

  await t.test('an archive outlives its job, its profile and its image', async (t) => {
    await client.ok('DELETE', `/tasks/${started.jobID}`);
    await client.ok('DELETE', `/osImages/${encodeURIComponent(profileId.split('|')[0]!)}`, {});
    t.equal((await client.fetch('GET', `/osImages/${encodeURIComponent(profileId)}`)).status, 404);
    const still = await client.fetch('GET', `/osImages/${started.filename}`);
    t.equal(
      createHash('sha256')
        .update(Buffer.from(await still.arrayBuffer()))
        .digest('hex'),
      task.sha256,
    );
    await client.ok('DELETE', `/osImages/${started.filename}`, {});
    const gone = await client.fetch('GET', `/osImages/${started.filename}`);
    t.equal(gone.status, 404);
    t.match(await gone.json(), { messages: [/deleted at/] }, 'and says when it went');
  });
});

t.test('the example of the requirement', async (t) => {
  const services = await startServices(t);
  const { client, db } = services;
  const folder = await mkdtemp(join(tmpdir(), 'osimage-sftp-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  await importWindows(client, folder, 'win2016');
  await db.query(`select setval('server_ids', 100)`);
  const server = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', {
    displayName: 'example',
    address: sftp.address,
    port: sftp.port,
    protocol: 'SFTP',
    username: sftp.username,
    password: sftp.password,
  });
  t.equal(server.serverId, '101');

  // The path of the example is absolute on that server; the same request with a folder that may be written.
  for (const bar of ['|', '%7C']) {
    const target = encodeURIComponent(`/${sftp.folder}//some//path//to//file`)
      .replaceAll('%2F', '%2F/')
      .replaceAll('%2F//', '%2F/');
    const answer = await services.rawGet(
      `/osImages/win2016${bar}win2016-x86_64-install-Standard_core?serverId=101&path=${target}`,
    );
    t.equal(answer.status, 200, answer.body);
    const body = JSON.parse(answer.body) as { jobID: string; filename: string };
    t.equal(body.filename, 'file');
    const task = await client.ended(body.jobID);
    t.equal(task.status, 'Complete', JSON.stringify(task.error));
    t.equal(task.finalPath, join(sftp.folder, 'some/path/to/file'));
    const delivered = await readFile(join(sftp.folder, 'some/path/to/file'));
    t.equal(createHash('sha256').update(delivered).digest('hex'), task.sha256);
  }

  await t.test('word for word, it is accepted', async (t) => {
    const answer = await services.rawGet(
      '/osImages/win2016|win2016-x86_64-install-Standard_core?serverId=101&path=%2F/some%2F/path%2F/to%2F/file',
    );
    t.equal(answer.status, 200, answer.body);
    const { jobID, filename } = JSON.parse(answer.body) as { jobID: string; filename: string };
    t.equal(filename, 'file');
    const { rows } = await db.query<{ target_path: string }>('select target_path from jobs where id = $1', [
      jobID,
    ]);
    t.equal(rows[0]?.target_path, '/some/path/to/file');
    await client.ended(jobID);
  });
});
