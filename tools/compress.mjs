/**
 * Writes a `.br` and a `.gz` beside every file of a folder that is sent smaller so: the engine sends them to browsers that
 * accept them. Part of the console's build.
 *
 *     node tools/compress.mjs <folder>
 */
import { existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** Kinds that compress; fonts (woff2) and raster images are compressed in themselves. */
const COMPRESSIBLE = new Set(['.css', '.html', '.js', '.json', '.map', '.mjs', '.svg', '.txt', '.webmanifest']);
/** Bytes: what fits one packet gains nothing. */
const SMALLEST = 1024;

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Name the folder: node tools/compress.mjs <folder>');

for (const stale of globSync(join(folder, '**/*.{br,gz}'))) {
  if (!existsSync(stale.replace(/\.(br|gz)$/, ''))) rmSync(stale);
}
for (const file of globSync(join(folder, '**/*'))) {
  if (!COMPRESSIBLE.has(extname(file))) continue;
  if (isFresh(file)) continue;
  const bytes = readFileSync(file);
  if (bytes.length < SMALLEST) continue;
  const forms = {
    br: brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
    gz: gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }),
  };
  for (const [form, compressed] of Object.entries(forms)) {
    if (compressed.length < bytes.length) writeFileSync(`${file}.${form}`, compressed);
  }
}

/**
 * Whether its compressed forms are those of the last change.
 * @param {string} file
 */
function isFresh(file) {
  const { mtimeMs } = statSync(file);
  return ['br', 'gz'].every((form) => existsSync(`${file}.${form}`) && statSync(`${file}.${form}`).mtimeMs >= mtimeMs);
}
