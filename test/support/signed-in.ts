/** A session of a test, as a browser would have it. */
import { createHash } from 'node:crypto';
import { type TestGateway, userName, userPassword } from './gateway.ts';

export const credentials = { UserId: userName, password: userPassword };

export interface SignedIn {
  cookie: string;
  token: string;
  csrf: string;
  id: string;
}

/** Signs in with the password of the test; gives what the answer set, and the id of the session. */
export async function signIn({ app, db }: TestGateway, UserId = userName): Promise<SignedIn> {
  const payload = { ...credentials, UserId };
  const answer = await app.inject({ method: 'POST', url: '/sessions', payload });
  const cookies = new Map(answer.cookies.map((cookie) => [cookie.name, cookie.value]));
  const token = cookies.get('JSESSIONID') ?? '';
  const { rows } = await db.query<{ id: string }>('select id from sessions where token_hash = $1', [
    createHash('sha256').update(token).digest(),
  ]);
  return { cookie: `JSESSIONID=${token}`, token, csrf: cookies.get('csrf') ?? '', id: rows[0]?.id ?? '' };
}
