/** Text that cannot end the XML comment it stands in; the name of a release may come from the importer. */
export function comment(text: string): string {
  return text.replaceAll(/-(?=-|$)|[<>&]/g, ' ');
}
