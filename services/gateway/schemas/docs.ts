/** The path of what the page at /docs is made of. */
import { Type } from 'typebox';

export const DocsFile = Type.Object({ file: Type.String() });
