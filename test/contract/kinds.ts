/** Compares an answer with a table of attributes and their kinds. */

/** Gives what is missing or of another kind, a line each. Lists along the way must not be empty. */
export function kindsWrong(body: unknown, attributes: Readonly<Record<string, string>>): string[] {
  return Object.entries(attributes).flatMap(([place, kind]) => {
    const found = valuesAt(
      body,
      place.split(/\.|(?=\[\])/).filter((step) => step !== ''),
    );
    if (found.length === 0) return [`${place}: nothing there`];
    const wrong = found.filter((value) => !isFitting(kind, value));
    return wrong.length === 0 ? [] : [`${place}: ${JSON.stringify(wrong[0])} is not ${kind}`];
  });
}

function valuesAt(value: unknown, steps: readonly string[]): unknown[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [value];
  if (step === '[]') return Array.isArray(value) ? value.flatMap((entry) => valuesAt(entry, rest)) : [];
  if (typeof value !== 'object' || value === null) return [undefined];
  return valuesAt((value as Record<string, unknown>)[step], rest);
}

function isFitting(kind: string, value: unknown): boolean {
  if (kind.endsWith('?')) return value === null || isFitting(kind.slice(0, -1), value);
  if (kind === 'N') return typeof value === 'number';
  return kindOf(value) === kind;
}

function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'S';
  if (typeof value === 'boolean') return 'B';
  if (Number.isInteger(value)) return 'I';
  if (Array.isArray(value)) return 'A';
  return typeof value === 'object' && value !== null ? 'O' : '-';
}
