/** `npm run generate`: everything in this repository that is made from something else in it. */
import { join } from 'node:path';
import { generateTypes } from './generate-types.ts';

await generateTypes(join(import.meta.dirname, '../packages/packaging-api/generated'));
await import('./docs.ts');
