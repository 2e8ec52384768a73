import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
// As wholes: a Node that is too old, and is to say so, lacks some of their names.
import vm from 'node:vm';
import zlib from 'node:zlib';

/** Bytes of a checksum, before what V8 has compiled. */
const CHECK_BYTES = 4;

/** The exports of a CommonJS file, and a way to keep what V8 has compiled of it. */
export interface Compiled<T> {
  readonly exports: T;
  /** Whether that was compiled by an earlier start. */
  readonly isKept: boolean;
  /**
   * Keeps all that was compiled up to now, for the next start: V8 compiles a function when it is first called. Does nothing
   * where that was taken from what an earlier start has kept, and where it cannot be written.
   */
  keep(): void;
}

/**
 * Loads a CommonJS file as `require` does, but with the functions that an earlier start has called compiled already, which takes a third of
 * the processor time of a start otherwise. The code that is kept bears the checksum and length of the file, and the version and flags of V8,
 * and is taken for those alone. Where traces should name the lines of the sources, `require` itself loads the file: it alone reads
 * source maps.
 * @param file its path
 * @param folder where such code is kept; made when it is not there
 */
export function loadCompiled<T>(file: string, folder: string): Compiled<T> {
  const require = createRequire(file);
  if (process.sourceMapsEnabled) return { exports: require(file) as T, isKept: false, keep: () => undefined };
  const source = readFileSync(file);
  const name = `${source.length}-${zlib.crc32(source).toString(16)}`;
  const kept = join(folder, `${name}-${cachedDataVersionTag().toString(16)}.v8`);
  const cachedData = readKept(kept);
  const script = new vm.Script(`(function(exports,require,module,__filename,__dirname){${source.toString()}\n})`, {
    filename: file,
    ...(cachedData && { cachedData }),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const run = script.runInThisContext() as (...scope: unknown[]) => void;
  const module = { exports: {} as T };
  run.call(module.exports, module.exports, require, module, file, dirname(file));
  const isKept = cachedData !== undefined && script.cachedDataRejected !== true;
  const keep = (): void => (isKept ? undefined : write(kept, script.createCachedData(), name));
  return { exports: module.exports, isKept, keep };
}

/** Half a file, as a power cut may leave it, counts as none: V8 does not look at all of it. */
function readKept(file: string): Buffer | undefined {
  try {
    const bytes = readFileSync(file);
    const data = bytes.subarray(CHECK_BYTES);
    return bytes.readUInt32LE() === zlib.crc32(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** In place of that of earlier builds. Where there is no room, or no right to it, the next start compiles again. */
function write(file: string, data: Buffer, name: string): void {
  const folder = dirname(file);
  const made = `${file}-${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    try {
      writeFileSync(made, Buffer.concat([checksumOf(data), data]));
      renameSync(made, file);
    } finally {
      rmSync(made, { force: true });
    }
    for (const other of readdirSync(folder)) {
      if (other.endsWith('.v8') && !other.startsWith(name)) rmSync(join(folder, other), { force: true });
    }
  } catch {
    // It was not kept.
  }
}

function checksumOf(data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(CHECK_BYTES);
  bytes.writeUInt32LE(zlib.crc32(data));
  return bytes;
}
