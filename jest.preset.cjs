/** Shared by the engine and the libraries: Node loads the specs, sources of the workspace rather than builds. */
const { join } = require('node:path');

module.exports = {
  runtime: join(__dirname, 'tools/lib/test-runtime.cjs'),
  testEnvironment: join(__dirname, 'tools/lib/test-environment.cjs'),
  testMatch: ['**/*.spec.ts'],
  modulePathIgnorePatterns: ['/dist/', '/.nx/'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  // For a machine that is busy with other things: what is waited for has deadlines of its own.
  testTimeout: 600000,
};
