import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { EXIT } from '../output/failure.js';
import { duration, shown, size } from '../output/printer.js';
import { Progress } from '../output/progress.js';
import { localFile, walk } from '../transfer/local-files.js';
import { placeSources } from '../transfer/remote-path.js';
import { sendAll, sendStream, type Outgoing, type Sent } from '../transfer/upload.js';
import type { Context } from './context.js';

/** `dfs put`: files, directories with all that is in them, or what comes by the pipe. */
export function addPut(program: Command, context: Context): void {
  program
    .command('put')
    .summary('store files and directories')
    .description(
      'Stores files, or directories with everything below them. With two or more arguments the last one is the path in\n' +
        'the network; one that ends with / is a folder. A - stores what comes by the pipe.',
    )
    .argument('<source...>', 'files or directories of this machine, and the path to store them at')
    .option('-x, --exclude <pattern...>', 'leave out what matches, as in a .gitignore')
    .addHelpText(
      'after',
      '\nExamples:\n  dfs put report.pdf\n  dfs put ~/Pictures photos/\n  dfs put *.jpg photos/2026/\n  pg_dump shop | dfs put - backup/shop.sql',
    )
    .action(async (args: string[], options: { exclude?: string[] }, command: Command) => {
      const printer = context.printer(command);
      const isDirectory = (source: string): boolean =>
        statSync(source, { throwIfNoEntry: false })?.isDirectory() ?? false;
      const placed = placeSources(args, isDirectory);
      const node = await context.node(command);
      const outgoing: Outgoing[] = [];
      let failures = 0;
      for (const { source, path } of placed) {
        if (source === '-') {
          const file = await sendStream(node, context.around.stdin, path);
          printer.result(file, () => `${shown(file.path)}  ${size(file.size)}`);
          continue;
        }
        const info = await stat(source);
        if (!info.isDirectory()) {
          outgoing.push({ local: localFile(source, path, info), path });
          continue;
        }
        const { files, skipped } = await walk(source, options.exclude ?? []);
        for (const local of files) outgoing.push({ local, path: (path + local.relative).normalize('NFC') });
        for (const { reason } of skipped) printer.note(reason);
        failures += skipped.length;
      }
      const sum = outgoing.reduce((bytes, { local }) => bytes + local.size, 0);
      const progress = new Progress(printer, { files: outgoing.length, bytes: sum });
      const done: Sent[] = [];
      try {
        await sendAll(node, outgoing, progress, (sent) => {
          done.push(sent);
          if (!sent.failure) return;
          failures++;
          progress.end();
          printer.note(sent.failure.message);
        });
      } finally {
        progress.end();
      }
      const stored = done.filter(({ failure }) => !failure);
      const [first] = stored;
      const what = stored.length === 1 && first ? shown(first.path) : `${stored.length} files`;
      if (done.length > 0) {
        printer.result(done.map(asJson), () =>
          stored.length === 0 ? '' : `${what} stored, ${size(progress.bytes)} in ${duration(progress.elapsed)}`,
        );
      }
      if (failures > 0) {
        const only = outgoing.length === 1 ? done[0]?.failure : undefined;
        context.around.exitCode = only?.exitCode ?? EXIT.partly;
      }
    });
}

function asJson({ path, file, failure }: Sent): object {
  return file ? { path, file } : { path, error: { code: failure?.code ?? 'failed', detail: failure?.message } };
}
