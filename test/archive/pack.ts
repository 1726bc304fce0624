/**
 * An installation of its own, on as many cores and threads as it is given: packs the files of the test profile into a
 * new store at the given path and prints what came out. `reversed` as a second argument: the other way round.
 */
import { availableParallelism } from 'node:os';
import { openArchive } from '@osimage/archive';
import { makeProfile, manyFiles } from './profile.ts';

const [root, order] = process.argv.slice(2);
if (root === undefined) throw new Error('usage: pack.ts STORE [reversed]');
const one = await makeProfile(root, manyFiles);
const made = order === 'reversed' ? await makeProfile(`${root}-2`, manyFiles.toReversed()) : one;
// Ids tell the order of import; the metadata is that of one profile.
const archive = openArchive({ metadata: one.metadata, members: made.members }, made.root);
for await (const _ of archive.stream());
await archive.close();
console.log(JSON.stringify({ sha256: archive.sha256, size: archive.size, cores: availableParallelism() }));
