/** What a server says goes into messages people read: no control characters, not too long. */
export function printable(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 200);
}
