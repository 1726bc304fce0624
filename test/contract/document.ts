/** The calls of a running service, as its own document lists them. */

export interface JsonSchema {
  type?: string;
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  maxLength?: number;
  maxItems?: number;
  pattern?: string;
}

interface Parameter {
  name: string;
  in: 'path' | 'query';
  required?: boolean;
  example?: string | number | boolean;
  schema: JsonSchema & { examples?: (string | number | boolean)[] };
}

export interface Call {
  method: string;
  /** `/tasks/{list}`. */
  path: string;
  /** `GET /tasks/{list}`. */
  name: string;
  public: boolean;
  parameters: Parameter[];
  /** The JSON body, when it takes one. */
  body: { schema: JsonSchema; example: unknown } | undefined;
  /** Schemas of the answers by status. */
  answers: Record<string, object | undefined>;
}

interface Documented {
  security: unknown[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: JsonSchema; example?: unknown }> };
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

/** Gives every call of the service at `url`. */
export async function readCalls(url: string): Promise<{ document: object; calls: Call[] }> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Documented>>;
  };
  const calls = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, documented]) => readCall(method.toUpperCase(), path, documented)),
  );
  return { document, calls };
}

function readCall(method: string, path: string, documented: Documented): Call {
  const json = documented.requestBody?.content['application/json'];
  const answers = Object.entries(documented.responses).map(([status, { content }]) => [
    status,
    content?.['application/json']?.schema,
  ]);
  return {
    method,
    path,
    name: `${method} ${path}`,
    public: documented.security.length === 0,
    parameters: documented.parameters ?? [],
    body: json && { schema: json.schema, example: json.example },
    answers: Object.fromEntries(answers) as Record<string, object | undefined>,
  };
}

/** A path and query with the examples in it; `values` are used instead where they are given. */
export function addressOf(call: Call, values: Record<string, string | undefined> = {}): string {
  const given = (parameter: Parameter) =>
    values[parameter.name] ?? String(parameter.example ?? parameter.schema.examples?.[0] ?? 'x');
  const path = call.path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const parameter = call.parameters.find((found) => found.in === 'path' && found.name === name);
    return encodeURIComponent(parameter ? given(parameter) : 'x');
  });
  const query = call.parameters
    .filter(
      (found) =>
        found.in === 'query' && (found.required || found.example !== undefined || found.name in values),
    )
    .map((found) => `${found.name}=${encodeURIComponent(given(found))}`);
  return query.length > 0 ? `${path}?${query.join('&')}` : path;
}
