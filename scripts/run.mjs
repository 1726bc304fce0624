/**
 * Runs scripts/<name>.ts: `node scripts/run.mjs start`. Plain JavaScript, so that an older Node can still
 * read it and say in one line what is wrong.
 */
const [name, ...rest] = process.argv.slice(2);
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `This needs Node 24 and was started by ${process.version}. "npm ci" brings Node 24 for the npm scripts (npm run ${name}), if install scripts are allowed.`,
  );
  process.exit(1);
}
process.argv = [process.argv[0] ?? '', new URL(`./${name}.ts`, import.meta.url).pathname, ...rest];
await import(new URL(`./${name}.ts`, import.meta.url).href);
