import { readFileSync, watch } from 'node:fs';
import type { AbsolutePath } from '../fs/file-system.js';

/** Something happened in a watched directory. `name`: of what it happened to, in bytes, below the directory; unknown at times. */
export type OnChange = (name: string | undefined) => void;

/** Where events of directories come from. */
export interface WatchSource {
  /** One watch sees all that is beneath its directory. */
  readonly recursive: boolean;
  /** Events that may wait for us: of more at once the system loses some without a word. */
  readonly queueLength: number;
  /**
   * @param onEnd the watch sees nothing more
   * @returns ends it
   * @throws where the system has no watch left, or there is no such directory
   */
  watch(directory: AbsolutePath, onChange: OnChange, onEnd: () => void): () => void;
}

/** The limit of Linux where it tells none. */
const DEFAULT_QUEUE = 16_384;
const QUEUE_FILE = '/proc/sys/fs/inotify/max_queued_events';

/** `node:fs.watch`: by directory on Linux, where its recursive form would walk the tree in the thread of the events. */
export function nodeWatchSource(): WatchSource {
  const recursive = process.platform === 'darwin' || process.platform === 'win32';
  return {
    recursive,
    queueLength: queueLength(),
    watch: (directory, onChange, onEnd) => {
      const path = Buffer.from(directory, 'latin1');
      const options = { recursive, persistent: false, encoding: 'buffer' } as const;
      const watcher = watch(path, options, (_event, name) => onChange(nameOf(name)));
      watcher.on('error', () => {
        watcher.close();
        onEnd();
      });
      return () => watcher.close();
    },
  };
}

function nameOf(name: Buffer | null): string | undefined {
  if (name === null) return undefined;
  const text = name.toString('latin1');
  return process.platform === 'win32' ? text.replaceAll('\\', '/') : text;
}

function queueLength(): number {
  if (process.platform !== 'linux') return DEFAULT_QUEUE;
  try {
    return Number.parseInt(readFileSync(QUEUE_FILE, 'utf8'), 10) || DEFAULT_QUEUE;
  } catch {
    return DEFAULT_QUEUE;
  }
}
