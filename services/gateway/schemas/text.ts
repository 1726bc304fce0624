/** Kinds of text that requests carry. */
import { Type } from 'typebox';

/** Text in one line: control characters would reach logs, and protocols that end a line with them. */
export function Line(maxLength: number) {
  const expected = `text of at most ${maxLength} characters without control characters`;
  return Type.String({ maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$', expected });
}

/** A yes or no in a query; whatever case. */
export const Flag = Type.String({
  pattern: '^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])?$',
  expected: 'true or false',
});

/** Text of several lines, without NUL, which no database holds. */
export function Lines(maxLength: number) {
  return Type.String({
    maxLength,
    pattern: '^[^\\u0000]*$',
    expected: `text of at most ${maxLength} characters`,
  });
}
