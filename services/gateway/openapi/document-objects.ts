/** The parts of an OpenAPI 3.1 document that are made here. */

export type Content = Record<string, { schema?: unknown; example?: unknown }>;

export interface ParameterObject {
  name: string;
  in: string;
  description?: string;
  example?: unknown;
  schema?: object;
}

export interface ResponseObject {
  description: string;
  content?: Content;
}

export interface CallObject {
  summary?: string;
  description?: string;
  parameters?: ParameterObject[];
  requestBody?: { content: Content };
  responses?: Record<string, ResponseObject>;
  security?: Record<string, string[]>[];
}

export interface DocumentObject {
  paths: Record<string, Partial<Record<string, CallObject>>>;
}
