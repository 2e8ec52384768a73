/** Shared by the engine and the libraries: ESM through swc, sources of the workspace rather than builds. */
const { join } = require('node:path');

module.exports = {
  globalSetup: join(__dirname, 'tools/lib/test-setup.cjs'),
  resolver: join(__dirname, 'tools/lib/test-resolver.cjs'),
  testEnvironment: 'node',
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: ['/node_modules/'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironmentOptions: { customExportConditions: ['@dfs/source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['/dist/', '/.nx/'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  // For a machine that is busy with other things: what is waited for has deadlines of its own.
  testTimeout: 600000,
};
