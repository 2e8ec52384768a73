import type { Command } from 'commander';
import { changeFiles, type FileInfo } from '@dfs/client';
import { EXIT, Failure, refusal } from '../output/failure.js';
import { duration, shown, size } from '../output/printer.js';
import { Progress } from '../output/progress.js';
import type { Connection } from '../node/connection.js';
import { filesBelow } from '../node/remote-files.js';
import { walk } from '../transfer/local-files.js';
import { remoteFolder } from '../transfer/remote-path.js';
import { planSync, type SyncPlan } from '../transfer/sync-plan.js';
import { holdsSameBytes, sendAll } from '../transfer/upload.js';
import type { Context } from './context.js';

/** Deletions of one request. */
const BATCH = 1000;

interface SyncOptions {
  delete?: boolean;
  dryRun?: boolean;
  exclude?: string[];
  confirm?: boolean;
}

/** `dfs sync`: makes a folder of the network like a directory of this machine, one way. */
export function addSync(program: Command, context: Context): void {
  program
    .command('sync')
    .summary('make a folder of the network like a directory, one way')
    .description(
      'Sends what is new or changed in a directory of this machine to a folder of the network. Files of the same size and\n' +
        'time are left alone, as are those whose bytes are the same. One way only: both ways is `dfs folder`.',
    )
    .argument('<directory>', 'a directory of this machine')
    .argument('<folder>', 'a folder of the network')
    .option('--delete', 'delete what is in the folder and not in the directory')
    .option('-n, --dry-run', 'only tell what would be done')
    .option('-x, --exclude <pattern...>', 'leave out what matches, as in a .gitignore; it is not deleted either')
    .option('--confirm', 'go on although most of the files are deleted')
    .addHelpText(
      'after',
      '\nExamples:\n  dfs sync ~/Documents documents\n  dfs sync . backup/laptop --delete --exclude node_modules --dry-run',
    )
    .action(async (directory: string, typed: string, options: SyncOptions, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const prefix = remoteFolder(typed);
      const exclude = options.exclude ?? [];
      const { files, skipped } = await walk(directory, exclude);
      const remotes: FileInfo[] = [];
      for await (const file of filesBelow(node, prefix)) remotes.push(file);
      const plan = planSync(files, remotes, prefix);
      const goes = options.delete === true ? await deletable(plan, prefix, exclude) : [];
      for (const { reason } of skipped) printer.note(reason);
      // A directory that could not be read whole looks as if files were gone from it.
      if (goes.length > 0 && skipped.length > 0) {
        throw new Failure(
          'Nothing was deleted or sent: some files here cannot be read, and --delete would delete theirs.',
        );
      }
      const send = await changed(node, plan);
      const same = files.length - send.length;
      if (options.dryRun === true) {
        for (const { path } of send) printer.note(`send    ${shown(path)}`);
        for (const { path } of goes) printer.note(`delete  ${shown(path)}`);
        return printer.result(
          { send: send.map(({ path }) => path), delete: goes.map(({ path }) => path), same },
          () => `${send.length} to send, ${goes.length} to delete, ${same} the same`,
        );
      }
      const bytes = send.reduce((sum, { local }) => sum + local.size, 0);
      const progress = new Progress(printer, { files: send.length, bytes });
      const sent: string[] = [];
      const failed: { path: string; detail: string }[] = [];
      try {
        await sendAll(node, send, progress, ({ path, failure }) => {
          if (!failure) return void sent.push(path);
          failed.push({ path, detail: failure.message });
          progress.end();
          printer.note(failure.message);
        });
      } finally {
        progress.end();
      }
      for (const detail of await remove(node, goes, options.confirm === true)) {
        failed.push(detail);
        printer.note(detail.detail);
      }
      const deleted = goes.map(({ path }) => path).filter((path) => !failed.some((each) => each.path === path));
      printer.result(
        { sent, deleted, same, failed },
        () =>
          `${sent.length} sent, ${size(progress.bytes)} in ${duration(progress.elapsed)}; ` +
          `${deleted.length} deleted, ${same} the same`,
      );
      if (failed.length + skipped.length > 0) context.around.exitCode = EXIT.partly;
    });
}

/** Files whose time alone differs are compared by their bytes' digest. */
async function changed(node: Connection, { send }: SyncPlan): Promise<SyncPlan['send']> {
  const needed: SyncPlan['send'] = [];
  for (const each of send) {
    if (each.maybe === undefined || !(await holdsSameBytes(node, each.local, each.maybe))) needed.push(each);
  }
  return needed;
}

/** A file that an exclusion hides here is not gone. */
async function deletable({ gone }: SyncPlan, prefix: string, exclude: readonly string[]): Promise<FileInfo[]> {
  const { default: ignore } = await import('ignore');
  const rules = ignore().add([...exclude]);
  return gone.filter(({ path }) => !rules.ignores(path.slice(prefix.length)));
}

async function remove(
  node: Connection,
  files: readonly FileInfo[],
  confirm: boolean,
): Promise<{ path: string; detail: string }[]> {
  const failed: { path: string; detail: string }[] = [];
  for (let at = 0; at < files.length; at += BATCH) {
    const lot = files.slice(at, at + BATCH);
    const items = lot.map(({ id, version }) => ({ id, version }));
    const body = { op: 'delete' as const, items, ...(confirm && { confirm }) };
    const { results } = await node.ask(() => changeFiles({ client: node.client, body }));
    for (const [place, { problem }] of results.entries()) {
      const path = lot[place]?.path ?? '';
      if (problem) failed.push({ path, detail: refusal(problem, path).message });
    }
  }
  return failed;
}
