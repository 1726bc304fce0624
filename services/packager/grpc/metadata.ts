/** What a caller says beside its request. */
import type { Metadata } from '@grpc/grpc-js';

const longest = 200;

/** The first value of a key, cut to 200 characters; empty when there is none. */
export function firstOf(metadata: Metadata, key: string): string {
  const value = metadata.get(key)[0];
  return typeof value === 'string' ? value.slice(0, longest) : '';
}
