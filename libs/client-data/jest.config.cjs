const { createEsmPreset } = require('jest-preset-angular/presets');

/** Angular code: the ESM preset of jest-preset-angular, sources of the workspace rather than builds. */
module.exports = {
  displayName: 'client-data',
  ...createEsmPreset({ tsconfig: '<rootDir>/tsconfig.spec.json' }),
  setupFilesAfterEnv: ['<rootDir>/src/test-setup.ts'],
  testMatch: ['**/*.spec.ts'],
  moduleNameMapper: { tslib: 'tslib/tslib.es6.js', '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironmentOptions: { customExportConditions: ['@dfs/source', 'browser'] },
  testTimeout: 600000,
  modulePathIgnorePatterns: ['/dist/', '/out-tsc/', '/.nx/'],
};
