/** Older ones lack what the engine is written with. */
export const LEAST_NODE = '24.15.0';

/** Whether a version of Node, as `process.versions.node` has it, is older than that. */
export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = LEAST_NODE.split('.').map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}

/**
 * Each read of a socket is a new buffer outside of V8's heap. Left alone, V8 answers every few of them with a collection
 * of the whole heap, which takes a large part of the CPU of a transfer.
 */
const V8_FLAGS = [
  // The heap is first collected at this size (MiB), rather than at a few, and V8 lets it grow to about that between any two
  // collections: what is above the objects that live, some 65 MiB, is resident garbage under many small files.
  '--initial-old-space-size=108',
  // After that, once it has grown by so much (%) since the last collection. Left alone, V8 lets it grow threefold under many small
  // files, and keeps the pages: those of their garbage stay resident. The collections in between take no more of the processor.
  '--heap-growing-percent=40',
  // Room for objects that die young (MiB): half the usual stays resident, and with less those of a batch of small files
  // outlive it.
  '--max-semi-space-size=8',
  // V8 does not count shared memory: the slabs of `@dfs/chunks` have it collected.
  '--expose-gc',
  // Not of V8: nobody opens the debugger of a node by a signal.
  '--disable-sigusr1',
  // Nor this: what reads standard error takes each line for JSON, and Node says there what it calls experimental.
  '--disable-warning=ExperimentalWarning',
];
/**
 * Threads for files, the database among them: Node's own four could all be waiting for a disk that does not answer, of which
 * `@dfs/chunks` lets as many wait as there are more.
 */
const THREADS = { UV_THREADPOOL_SIZE: '8' };
/** The C allocator gives large buffers back at once, and has one pool: what one thread frees, any other can use. */
const ALLOCATOR = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };

/** Flags of Node and variables of the environment for a process that starts with these settings. */
export interface Tuning {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Those of a platform. Windows has neither that signal nor that allocator. */
export function tuning(platform: NodeJS.Platform = process.platform): Tuning {
  if (platform !== 'win32') return { flags: V8_FLAGS, env: { ...ALLOCATOR, ...THREADS } };
  return { flags: V8_FLAGS.filter((flag) => flag !== '--disable-sigusr1'), env: THREADS };
}

/**
 * Settings that count only from the start of a process: where the platform can, this process becomes one that has them,
 * with the same id, files and arguments. On Windows none can: there the program that starts it gives them to it.
 */
export function becomeTuned(): void {
  // eslint-disable-next-line no-restricted-properties -- handed on unread
  const { execArgv, execPath, argv, env, platform } = process;
  if (execArgv.includes(V8_FLAGS[0] as string) || platform === 'win32') return;
  try {
    process.execve?.(execPath, [execPath, ...execArgv, ...tuning(platform).flags, ...argv.slice(1)], {
      ...tuning(platform).env,
      ...env,
    });
  } catch {
    // As it is: slower, and no less right.
  }
}
