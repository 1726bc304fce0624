/** Commands whose answers have to be read closely, as servers differ in them. */
import { type Client, FTPError } from 'basic-ftp';

/** Whether the server does it; throws FTPError when it is about to hang up. */
export async function accepted(client: Client, command: string): Promise<boolean> {
  const { code, message } = await client.sendIgnoringError(command);
  if (code === 421) throw new FTPError({ code, message });
  return code < 400;
}

/** Whether the server gives `from` the name `to`. */
export async function renamed(client: Client, from: string, to: string): Promise<boolean> {
  return (await accepted(client, `RNFR ${from}`)) && (await accepted(client, `RNTO ${to}`));
}

/** Bytes of a file, by SIZE or MLST (RFC 3659); `untold` when the server has neither. */
export async function sizeOf(client: Client, path: string): Promise<number | 'missing' | 'untold'> {
  const size = await client.sendIgnoringError(`SIZE ${path}`);
  const told = /^213 (\d{1,15})\s*$/.exec(size.message)?.[1];
  if (told !== undefined) return Number(told);
  if (!isUnknown(size.code)) return 'missing';
  const facts = await client.sendIgnoringError(`MLST ${path}`);
  const fact = /(?:^|[ ;])size=(\d{1,15});/im.exec(facts.message)?.[1];
  if (facts.code < 300 && fact !== undefined) return Number(fact);
  return isUnknown(facts.code) || facts.code < 300 ? 'untold' : 'missing';
}

/** 500 to 504: the command is not known, or not with these words. */
function isUnknown(code: number): boolean {
  return code >= 500 && code <= 504;
}
