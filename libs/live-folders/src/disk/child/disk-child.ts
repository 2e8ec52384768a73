/**
 * The process that does all that is done below one root (rule 17): a disk that hangs holds up this one and nobody else. It ends with
 * the process that started it.
 */
import { Socket } from 'node:net';
import { systemTimers } from '@dfs/runtime';
import { NodeFileSystem } from '../fs/node-file-system.js';
import { TimedFileSystem } from '../fs/timed-file-system.js';
import { LocalRootDisk } from '../local-root-disk.js';
import { toDiskPath } from '../names.js';
import { TreeWatcher } from '../watch/tree-watcher.js';
import { nodeWatchSource } from '../watch/watch-source.js';
import { ByteChannel } from './byte-channel.js';
import { DiskServer } from './disk-server.js';
import { BEAT_EVERY, BYTES_FD, type FromChild, type OpenRoot, type ToChild } from './protocol.js';

/** Milliseconds in which a file that is being written may be finished when the engine has gone. */
const LAST_WORDS = 2000;
const LOOK_EVERY = 20;

process.title = 'dfs-disk';
// Ctrl-C in a terminal goes to all processes of it: the engine says when this one ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

let server: DiskServer | undefined;
process.on('message', (message: ToChild) => {
  if ('open' in message) server = serve(message.open);
  else server?.take(message);
});
process.on('disconnect', () => {
  setTimeout(() => process.exit(0), LAST_WORDS);
  setInterval(() => {
    if (!server?.active) process.exit(0);
  }, LOOK_EVERY);
});

function serve({ root: text, ...options }: OpenRoot): DiskServer {
  const root = toDiskPath(text);
  const files = new TimedFileSystem(new NodeFileSystem(), () => systemTimers.ticks());
  const watcher = new TreeWatcher({ source: nodeWatchSource(), root, timers: systemTimers });
  const disk = new LocalRootDisk({ files, root, watcher, ...options });
  setInterval(() => send({ beat: files.waiting }), BEAT_EVERY);
  const bytes = new ByteChannel(new Socket({ fd: BYTES_FD }), (id, part, isLast) => made.takeBytes(id, part, isLast));
  const made = new DiskServer(disk, send, (id, part) => bytes.send(id, part));
  return made;
}

function send(message: FromChild): void {
  // The engine has gone: `disconnect` ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
