import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOOLS = dirname(dirname(fileURLToPath(import.meta.url)));
const JOINED = join(TOOLS, '../node_modules/.cache/dfs-tests');
type Resolve = (
  path: string,
  options: { basedir: string; conditions: string[]; defaultResolver: (path: string) => string },
) => string;
const resolve = createRequire(import.meta.url)('./test-resolver.cjs') as Resolve;
const found = (path: string, basedir: string, conditions: string[]): string =>
  resolve(path, { basedir, conditions, defaultResolver: (other) => `as ever: ${other}` });

describe('packages that are joined for tests', () => {
  const source = join(TOOLS, '../libs/database/src');

  it('are what sources import, parts of packages among them', () => {
    for (const name of ['typeorm', '@nestjs/common', '@libp2p/crypto/keys', 'fast-check']) {
      const file = found(name, source, ['import', 'node']);
      expect(dirname(file)).toBe(JOINED);
      expect(existsSync(file)).toBe(true);
    }
  });

  it('are not what packages import, what is required, what is compiled for the machine, and what lies in the workspace', () => {
    expect(found('typeorm', join(JOINED, '../../typeorm'), ['import'])).toBe('as ever: typeorm');
    expect(found('typeorm', source, ['require'])).toBe('as ever: typeorm');
    for (const name of ['sqlite3', 'reflect-metadata', '@dfs/runtime', './database.js', 'node:fs']) {
      expect(found(name, source, ['import'])).toBe(`as ever: ${name}`);
    }
  });
});
