/** Refuses requests that another web site makes a signed-in browser send (contract, section 2.3 and C-2). */
import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import { Problem } from '@osimage/errors';
import type { FastifyRequest } from 'fastify';

const reading = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether the method alone says that a request changes something. */
export function isChange(request: FastifyRequest): boolean {
  return !reading.has(request.method);
}

/**
 * Throws Problem `cross_site` when the browser says that a page of another origin caused the request. A page
 * of ours and a person at the address bar are let pass, and so are programs, which say nothing.
 */
export function refuseCrossSite(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  // Browsers say it only over TLS or to this machine; else and from old ones there is the origin.
  const foreign = site === undefined ? isForeignOrigin(request) : site !== 'same-origin' && site !== 'none';
  if (foreign) throw new Problem('cross_site');
}

function isForeignOrigin(request: FastifyRequest): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== request.host.toLowerCase();
}

/**
 * Throws Problem `cross_site` or `csrf_missing` unless the request comes from a page of ours or a program.
 * Done for every changing method; a GET that starts work (the export) calls it itself.
 */
export function refuseForgery(request: FastifyRequest): void {
  refuseCrossSite(request);
  if (request.session && !equal(request.headers['x-csrf-token'], request.session.csrf))
    throw new Problem('csrf_missing');
}

function equal(given: string | string[] | undefined, expected: string): boolean {
  if (typeof given !== 'string') return false;
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
