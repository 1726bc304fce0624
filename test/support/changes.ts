/** Changing images over REST, and what is shown of them afterwards. */
import type { TestGateway } from './gateway.ts';
import { call, type Headers, type Method } from './image-calls.ts';
import { addFile, addImage } from './image-rows.ts';

export const at = (id: string, query = '') => `/osImages/${encodeURIComponent(id)}${query}`;

/** Gives what calls this gateway and finds the tag of the answer. */
export function caller(gateway: TestGateway) {
  return async (method: Method, url: string, payload?: object, more?: Headers) => {
    const { code, body, headers } = await call(gateway, method, url, payload, more);
    return { code, body, etag: String(headers.etag ?? '') };
  };
}

interface Shown {
  id: string;
  name: string;
  description: string;
  etag: string;
  modified: string;
  modifiedBy: string;
  version: string;
  size: number;
  associatedFileId: string;
  customizationOptions: Record<string, Record<string, string[]> | string>;
}

export async function shownProfile(gateway: TestGateway, id: string): Promise<Shown> {
  const { body } = await caller(gateway)('GET', `/osImages?imageType=OSPROFILE&id=${encodeURIComponent(id)}`);
  return (body.items as { profiles: Shown[] }[])[0]!.profiles[0]!;
}

export async function shownFile(gateway: TestGateway, list: string, id: string): Promise<Shown> {
  const { body } = await caller(gateway)('GET', '/osImages');
  return (body[list] as Shown[]).find((file) => file.id === id)!;
}

export async function withProfile(gateway: TestGateway) {
  const { db } = gateway;
  const [base] = (await addImage(db, 'rhels9.4')) as [string];
  const [one, two] = [await addFile(db, 'one.sh', 'script', 'rhels'), await addFile(db, 'two.sh', 'script')];
  const driver = await addFile(db, 'driver.iso', 'driver');
  const made = await caller(gateway)('POST', at(base), {
    profile: {
      name: 'web',
      description: 'first',
      customizationOptions: {
        installScriptOptions: { installScriptIds: [one] },
        driverOptions: { driverIds: [driver] },
        deployDataAndSoftwareLocation: '/opt',
      },
    },
  });
  return { base, one, two, driver, id: made.body.id as string, etag: made.etag };
}
