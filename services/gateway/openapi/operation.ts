/** What the document says of a call beyond its request schemas: its privilege, its answers, an example. */
import type { TSchema } from 'typebox';
import type { Privilege } from '../auth/privileges.ts';

export interface Operation {
  /** Whom it is for; without, everybody who is signed in. */
  readonly privilege?: Privilege | 'public';
  /** What a success answers: JSON of this shape, or bytes of these types. */
  readonly answer: TSchema | { readonly media: readonly string[]; readonly says: string };
  /** Codes of failures that other calls do not have; those they share are added. */
  readonly refusals?: readonly number[];
  /** It starts or changes something, although its method does not say so. */
  readonly starts?: true;
  /** Failures are strings instead of objects (contract, 7.1). */
  readonly stringMessages?: true;
  /** More about bodies by content type: one that is not JSON, or an example of one that is not the usual. */
  readonly bodies?: Readonly<Record<string, { readonly schema?: TSchema; readonly example?: unknown }>>;
  /** A request that works on an installation with the samples; the tests send it. */
  readonly example?: {
    readonly path?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, string | number | boolean>>;
    readonly body?: unknown;
  };
}

/** Operations by method and path: `GET /tasks/{list}`. */
export type Operations = Readonly<Record<string, Operation>>;
