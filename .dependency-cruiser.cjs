// Design section 3: services use packages, packages never use services, services never each other.
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: { path: '^(packages|services)' },
      to: { circular: true },
    },
    {
      name: 'packages-never-use-services',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^services/' },
    },
    {
      name: 'services-never-use-each-other',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'packages-through-their-index',
      comment: 'A package is used by its name, so that its index.ts is all it promises.',
      severity: 'error',
      from: { path: '^(packages|services)/([^/]+)/' },
      to: { path: '^packages/([^/]+)/', pathNot: ['^packages/$2/', '^packages/[^/]+/index\\.ts$'] },
    },
    {
      name: 'product-never-uses-tests',
      severity: 'error',
      from: { path: '^(packages|services)/' },
      to: { path: '^(test|bench|samples|scripts)/' },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // TypeScript 7 has no compiler API that it could use; with none of its parsers it finds no module at all.
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
    exclude: { path: '^packages/packaging-api/generated' },
  },
};
