/** Settings that packages need to be bundled with esbuild and still run. */
import { readFile } from 'node:fs/promises';

/** Loaded from outside: what has to be compiled for the machine, and what packages look for that are not used here. */
export const OUTSIDE = [
  'sqlite3',
  // Drivers of typeorm.
  ...['@google-cloud/spanner', '@sap/hana-client', 'better-sqlite3', 'ioredis', 'mongodb', 'mssql', 'mysql', 'mysql2'],
  ...['oracledb', 'pg', 'pg-native', 'pg-query-stream', 'react-native-sqlite-storage', 'redis', 'sql.js'],
  'typeorm-aurora-data-api-driver',
  // Of Nest.
  ...['@nestjs/microservices', '@fastify/static', 'class-transformer/storage'],
  // Compiled forms of parts of ws.
  ...['bufferutil', 'utf-8-validate'],
];

/**
 * A module, in which code that was written for CommonJS finds what it would find in a file of its own.
 * @type {import('esbuild').BuildOptions}
 */
export const MODULE = {
  format: 'esm',
  banner: {
    js: [
      "import { createRequire as requireOf } from 'node:module';",
      'const require = requireOf(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;',
    ].join('\n'),
  },
};

/**
 * A script, in which code that was written for a module finds what it would find there, and which is as strict.
 * @type {import('esbuild').BuildOptions}
 */
export const SCRIPT = {
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  banner: { js: '"use strict";const __ownUrl = require("node:url").pathToFileURL(__filename).href;' },
  define: {
    'import.meta.url': '__ownUrl',
    'import.meta.filename': '__filename',
    'import.meta.dirname': '__dirname',
  },
};

/**
 * A module of Nest makes a `require` of its own, which would look beside the bundle for what is inside.
 * @type {import('esbuild').Plugin}
 */
export const ownRequire = {
  name: 'own-require',
  setup({ onLoad, onResolve }) {
    // `debug` takes it where it happens to be there; a package that imports it depends on it, and has it inside.
    onResolve({ filter: /^supports-color$/ }, ({ path, kind }) =>
      kind === 'require-call' ? { path, external: true } : undefined,
    );
    onLoad({ filter: /@nestjs[\\/]mapped-types[\\/]dist[\\/]type-helpers\.utils\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replace('const require = createRequire(import.meta.url);', '');
      if (contents === text) throw new Error(`${path} is not what it was: see what it requires.`);
      return { contents, loader: 'js' };
    });
  },
};

/**
 * Of the drivers of typeorm, which loads all of them, the one that is used.
 * @type {import('esbuild').Plugin}
 */
export const ownDriver = {
  name: 'own-driver',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]typeorm[\\/]driver[\\/]DriverFactory\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replaceAll(/require\("\.\/(?!sqlite\/)[^"]*"\)/g, '{}');
      if (contents === text || !contents.includes('require("./sqlite/SqliteDriver")'))
        throw new Error(`${path} is not what it was: see what it requires.`);
      return { contents, loader: 'js' };
    });
  },
};
