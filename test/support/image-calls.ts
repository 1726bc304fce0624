/** The calls of the contract about images and profiles, as the administrator. */
import type { TestGateway } from './gateway.ts';

export type Json = Record<string, unknown> & { messages: { text: string }[] };

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
export type Headers = Record<string, string>;

export async function call(
  { app, headers }: TestGateway,
  method: Method,
  url: string,
  payload?: object,
  more: Headers = {},
) {
  const answer = await app.inject({
    method,
    url,
    headers: { ...headers, ...more },
    ...(payload && { payload }),
  });
  return { code: answer.statusCode, body: answer.json<Json>(), headers: answer.headers };
}

export const list = async (gateway: TestGateway, query = '') =>
  (await call(gateway, 'GET', `/osImages${query}`)).body;

export interface Item {
  id: string;
  profiles: { id: string; type: string; customizationOptions: Record<string, unknown> | null }[];
}

export const items = (body: Json) => body.items as Item[];
export const profileIds = (body: Json) =>
  items(body).flatMap((item) => item.profiles.map((profile) => profile.id));

export function create(
  gateway: TestGateway,
  baseId: string,
  name: string,
  customizationOptions: object | null = null,
) {
  return call(gateway, 'POST', `/osImages/${encodeURIComponent(baseId)}`, {
    profile: { name, customizationOptions },
  });
}
