import { stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { FileInfo } from '@dfs/client';
import { EXIT, Failure } from '../output/failure.js';
import { duration, shown, size } from '../output/printer.js';
import { Progress } from '../output/progress.js';
import { fileAt, filesBelow } from '../node/remote-files.js';
import {
  contentOf,
  receiveAll,
  targetBelow,
  targetsBelow,
  type Incoming,
  type Received,
} from '../transfer/download.js';
import { nameOf, remoteFolder, remotePath } from '../transfer/remote-path.js';
import type { Connection } from '../node/connection.js';
import type { Context } from './context.js';

/** `dfs get`: a file, a folder with all that is in it, or a file to the pipe. */
export function addGet(program: Command, context: Context): void {
  program
    .command('get')
    .summary('fetch files and folders')
    .description(
      'Fetches a file, or a folder with everything below it. The target is a file or directory of this machine; the\n' +
        'current directory when left out, and - for the pipe.',
    )
    .argument('<path>', 'a file or folder of the network')
    .argument('[target]', 'where it goes on this machine')
    .option('-f, --force', 'replace files that exist on this machine')
    .addHelpText(
      'after',
      '\nExamples:\n  dfs get photos/a.jpg\n  dfs get photos/ ~/Pictures\n  dfs get backup/shop.sql - | psql shop',
    )
    .action(async (typed: string, target: string | undefined, options: { force?: boolean }, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { signal } = context.around;
      const path = remotePath(typed);
      const file = path === '' || path.endsWith('/') ? undefined : await fileAt(node, path);
      if (target === '-') {
        if (!file) throw notThere(path);
        await pipeline(await contentOf(node, file, signal), context.around.stdout, { signal, end: false });
        return;
      }
      const { incoming, refused } = file
        ? { incoming: [await single(file, target)], refused: [] }
        : await folder(node, path, target);
      const total = incoming.reduce((bytes, { file: each }) => bytes + each.size, 0);
      const progress = new Progress(printer, { files: incoming.length, bytes: total });
      const done: Received[] = [...refused];
      for (const { failure } of refused) if (failure) printer.note(failure.message);
      try {
        await receiveAll(node, incoming, { force: options.force ?? false, progress, signal }, (received) => {
          done.push(received);
          if (!received.failure) return;
          progress.end();
          printer.note(received.failure.message);
        });
      } finally {
        progress.end();
      }
      const failed = done.filter(({ failure }) => failure);
      const fetched = done.length - failed.length;
      const what = fetched === 1 && done[0] && !done[0].failure ? shown(done[0].target) : `${fetched} files`;
      printer.result(
        done.map(asJson),
        () => `${what} fetched, ${size(progress.bytes)} in ${duration(progress.elapsed)}`,
      );
      if (failed.length > 0) {
        context.around.exitCode = done.length === 1 ? (failed[0]?.failure?.exitCode ?? EXIT.failed) : EXIT.partly;
      }
    });
}

async function single(file: FileInfo, target: string | undefined): Promise<Incoming> {
  const name = nameOf(file.path);
  if (target === undefined) return { file, target: targetBelow('.', name) };
  const intoDirectory = target.endsWith('/') || target.endsWith(sep) || (await isDirectory(target));
  return { file, target: intoDirectory ? targetBelow(target, name) : target };
}

async function folder(
  node: Connection,
  path: string,
  target: string | undefined,
): Promise<{ incoming: Incoming[]; refused: Received[] }> {
  const prefix = remoteFolder(path);
  const directory = target ?? (prefix === '' ? '.' : targetBelow('.', nameOf(prefix)));
  const files: FileInfo[] = [];
  for await (const file of filesBelow(node, prefix)) files.push(file);
  if (files.length === 0) throw notThere(path);
  return targetsBelow(directory, prefix, files);
}

function notThere(path: string): Failure {
  return new Failure(`${path}: there is no such file or folder in the network.`, EXIT.notFound);
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

function asJson({ file, target, failure }: Received): object {
  return failure
    ? { path: file.path, error: { code: failure.code ?? 'failed', detail: failure.message } }
    : { path: file.path, target };
}
