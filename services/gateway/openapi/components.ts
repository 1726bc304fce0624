/** The named shapes of the document, and how schemas refer to them. */
import { AuditEntry } from './operations/service.ts';
import { envelopeShapes } from './shapes/envelope.ts';
import { Archive, File, Image, Profile } from './shapes/images.ts';
import { Server } from './shapes/servers.ts';
import { Session } from './shapes/sessions.ts';
import { Task } from './shapes/tasks.ts';

const shapes: Readonly<Record<string, object>> = {
  ...envelopeShapes,
  Session,
  Image,
  Profile,
  File,
  Archive,
  Server,
  Task,
  AuditEntry,
};

const names = new Map(Object.entries(shapes).map(([name, shape]) => [shape, name]));

/** `components.schemas`: each shape once, those in it as references. */
export function componentSchemas(): Record<string, unknown> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, rewritten(shape)]));
}

/** A schema as the document has it: named shapes as references, our `expected` as a description. */
export function documented(schema: unknown): unknown {
  const name = typeof schema === 'object' && schema !== null ? names.get(schema) : undefined;
  return name === undefined ? rewritten(schema) : { $ref: `#/components/schemas/${name}` };
}

function rewritten(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(documented);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, documented(value)]);
  const { expected, description = expected && capital(expected), ...kept } = Object.fromEntries(entries);
  return { ...kept, ...(description !== undefined && { description }) };
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
