/** Testing servers that are no SFTP servers, as far as their protocols tell anything without sending a file. */
import { Problem } from '@osimage/errors';
import { loginRefused } from '../failures.ts';
import { connectFtp } from '../ftp/connect.ts';
import { ftpProblem } from '../ftp/errors.ts';
import { connectHttp } from '../http/connect.ts';
import { httpProblem } from '../http/errors.ts';
import type { SecureAccess } from '../server-profile.ts';
import { transferLimits } from '../transfer-limits.ts';
import type { Findings } from './findings.ts';

const noSpace = (protocol: string) => `${protocol} does not tell how much space is free.`;

/** FTP and FTPS: signs in and enters the folder. Throws Problem or the reason of the signal. */
export async function testFtp(access: SecureAccess, findings: Findings): Promise<void> {
  const { server, signal } = access;
  sayUnproven(access, findings);
  const { client, close } = await connectFtp(access, transferLimits);
  try {
    found(access, findings);
    findings.right('login', `The server lets ${server.username || 'anonymous'} in.`);
    if (server.defaultPath !== '') await client.cd(server.defaultPath);
    findings.right(
      'folder',
      `${await client.pwd()} is there; whether it takes files shows when one is sent.`,
    );
    findings.unknown('space', noSpace(server.protocol));
  } catch (error) {
    throw signal.aborted ? signal.reason : ftpProblem(error, server, 'enter the folder', transferLimits);
  } finally {
    close();
  }
}

/** HTTP and HTTPS: asks for the head of the folder. Throws Problem or the reason of the signal. */
export async function testHttp(access: SecureAccess, findings: Findings): Promise<void> {
  const { server, signal } = access;
  sayUnproven(access, findings);
  const { client, headers, url } = await connectHttp(access, transferLimits);
  const path = url(server.defaultPath).pathname;
  try {
    const answer = await client.request({ method: 'HEAD', path, headers, signal });
    await answer.body.dump();
    const { statusCode } = answer;
    found(access, findings);
    if (statusCode === 401) throw loginRefused(server);
    const said = `The server answers ${path} with status ${statusCode}`;
    if (statusCode < 300) findings.right('login', `${said}.`);
    else findings.unknown('login', `${said}, which does not tell whether it took the login.`);
    if (statusCode < 300)
      findings.right('folder', `${path} is there; whether it takes files shows when one is sent.`);
    else findings.unknown('folder', `${said}; whether it takes files shows when one is sent.`);
    findings.unknown('space', noSpace(server.protocol));
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw signal.aborted ? signal.reason : httpProblem(error, server, 'answer', transferLimits);
  } finally {
    await client.destroy();
  }
}

function found({ server }: SecureAccess, findings: Findings): void {
  const { address, port, protocol } = server;
  findings.right('address', `${address} answers at port ${port}.`);
  if (protocol.endsWith('S')) findings.right('hostKey', `The certificate is good for ${address}.`);
}

function sayUnproven({ server: { protocol } }: SecureAccess, findings: Findings): void {
  if (!protocol.endsWith('S')) findings.unknown('hostKey', `${protocol} does not prove who the server is.`);
}
