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

/** Code that was written for CommonJS finds, inside a module, what it would find in a file of its own. */
export const COMMON_JS = [
  "import { createRequire as requireOf } from 'node:module';",
  'const require = requireOf(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;',
].join('\n');

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
