import type { Command } from 'commander';
import {
  chooseFileVersion,
  copyFile,
  copyFolder,
  deleteByPath,
  deleteFolder,
  listFiles,
  listFileVersions,
  moveFile,
  moveFolder,
  restoreFile,
  restoreFolder,
  type FileInfo,
  type FolderAct,
  type FolderInfo,
} from '@dfs/client';
import { EXIT, Failure } from '../output/failure.js';
import { shown, size, table, when, type Printer } from '../output/printer.js';
import type { Connection } from '../node/connection.js';
import { existingFile, fileAt, filesBelow, level, pagesOf, type Cursor } from '../node/remote-files.js';
import { nameOf, remoteFolder, remotePath } from '../transfer/remote-path.js';
import type { Context } from './context.js';

/** Commands about what is stored: they move no byte. */
export function addFileCommands(program: Command, context: Context): void {
  addLs(program, context);
  addRm(program, context);
  addMoves(program, context);
  addVersions(program, context);
  addRestore(program, context);
  addConflicts(program, context);
}

function addLs(program: Command, context: Context): void {
  program
    .command('ls')
    .summary('list files and folders')
    .description('Lists what stands right below a folder, or with -r everything below it.')
    .argument('[folder]', 'a folder, or a file', '')
    .option('-r, --recursive', 'everything below the folder')
    .addHelpText('after', '\nExamples:\n  dfs ls\n  dfs ls photos/2026\n  dfs ls -r photos --json')
    .action(async (typed: string, options: { recursive?: boolean }, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const path = remotePath(typed);
      const folder = remoteFolder(path);
      if (options.recursive === true) {
        const files: FileInfo[] = [];
        for await (const file of filesBelow(node, folder)) files.push(file);
        if (files.length === 0 && folder !== '') throw notThere(path);
        return printer.result({ items: files }, () => table(files.map((file) => row(file, file.path))));
      }
      const found = await level(node, folder);
      if (found.files.length + found.folders.length === 0 && path !== '') {
        const file = path.endsWith('/') ? undefined : await fileAt(node, path);
        if (!file) throw notThere(path);
        found.files.push(file);
      }
      const { folders, files } = found;
      printer.result({ folders, items: files }, () =>
        table([...folders.map(folderRow), ...files.map((file) => row(file, nameOf(file.path)))]),
      );
    });
}

function row(file: FileInfo, name: string): string[] {
  const { state, copies, target } = file.replication;
  const safety = state === 'safe' ? 'safe' : `${state} ${copies}/${target}`;
  return [size(file.size).padStart(9), when(file.mtime ?? file.modifiedAt), safety, shown(name)];
}

function folderRow(folder: FolderInfo): string[] {
  const newest = folder.newest === null ? ''.padEnd(16) : when(folder.newest);
  return [size(folder.bytes).padStart(9), newest, `${folder.files} files`, `${shown(folder.name)}/`];
}

function addRm(program: Command, context: Context): void {
  program
    .command('rm')
    .summary('delete files and folders everywhere')
    .description(
      'Deletes files on every node, and with -r folders with everything in them. `dfs restore` brings them back.',
    )
    .argument('<path...>', 'files or folders of the network')
    .option('-r, --recursive', 'folders too')
    .option('--confirm', 'go on although most of the files are deleted')
    .addHelpText('after', '\nExamples:\n  dfs rm drafts/old.txt\n  dfs rm -r photos/2019')
    .action(async (paths: string[], options: { recursive?: boolean; confirm?: boolean }, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const confirm = options.confirm === true ? { confirm: 'true' as const } : {};
      for (const typed of paths) {
        const path = remotePath(typed);
        const file = path.endsWith('/') ? undefined : await fileAt(node, path);
        if (file) {
          await node.ask(() => deleteByPath({ client: node.client, query: { path, ...confirm } }), path);
          printer.result({ path }, () => `${shown(path)} deleted`);
          continue;
        }
        if (options.recursive !== true) {
          throw new Failure(`${path}: there is no such file; a folder is deleted with -r.`, EXIT.notFound);
        }
        const act = await node.ask(
          () => deleteFolder({ client: node.client, query: { path: asFolder(path), ...confirm } }),
          path,
        );
        tellAct(printer, act, 'deleted');
      }
    });
}

function addMoves(program: Command, context: Context): void {
  for (const { name, done, file, folder, example } of [
    { name: 'mv', done: 'moved', file: moveFile, folder: moveFolder, example: 'dfs mv draft.txt texts/final.txt' },
    { name: 'cp', done: 'copied', file: copyFile, folder: copyFolder, example: 'dfs cp photos/a.jpg album/cover.jpg' },
  ] as const) {
    program
      .command(name)
      .summary(`${done === 'moved' ? 'move or rename' : 'copy'} a file or folder`)
      .description(
        `The file or folder is ${done} within the network; no byte is sent. A target that ends with / is a folder.`,
      )
      .argument('<from>', 'a file or folder of the network')
      .argument('<to>', 'its new path')
      .addHelpText('after', `\nExample:\n  ${example}`)
      .action(async (typedFrom: string, typedTo: string, _options: object, command: Command) => {
        const printer = context.printer(command);
        const node = await context.node(command);
        const { client } = node;
        const from = remotePath(typedFrom);
        const to = remotePath(typedTo);
        const target = to === '' || to.endsWith('/') ? to + nameOf(from) : to;
        const source = from.endsWith('/') ? undefined : await fileAt(node, from);
        if (source) {
          const headers = { 'If-Match': `"v:${source.version}"` };
          const moved = await node.ask(
            () => file({ client, path: { fileId: source.id }, body: { path: target }, headers }),
            from,
          );
          return printer.result(moved, () => `${shown(from)} ${done} to ${shown(moved.path)}`);
        }
        const act = await node.ask(
          () => folder({ client, body: { path: asFolder(from), to: asFolder(target) } }),
          from,
        );
        tellAct(printer, act, done);
      });
  }
}

function addVersions(program: Command, context: Context): void {
  program
    .command('versions')
    .summary('list the versions of a file')
    .description('Lists the versions of a file, the newest first; of a deleted file too.')
    .argument('<path>', 'a file of the network')
    .addHelpText('after', '\nExample:\n  dfs versions texts/final.txt')
    .action(async (typed: string, _options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { items } = await versionsOf(node, remotePath(typed));
      printer.result({ items }, () =>
        table(
          items.map((version) => [
            version.version,
            when(version.writtenAt),
            version.kind === 'deletion' ? 'deleted' : size(version.size).padStart(9),
            version.shown ? 'current' : version.purged ? 'purged' : '',
          ]),
        ),
      );
    });
}

async function versionsOf(node: Connection, path: string) {
  const file = await anyState(node, path);
  const items = [];
  const read = (cursor: Cursor) =>
    node.read(
      () => listFileVersions({ client: node.client, path: { fileId: file.id }, query: { limit: 1000, ...cursor } }),
      path,
    );
  for await (const page of pagesOf(read)) items.push(...page.items);
  return { file, items };
}

async function anyState(node: Connection, path: string): Promise<FileInfo> {
  const file = (await fileAt(node, path)) ?? (await fileAt(node, path, 'deleted'));
  if (file === undefined) throw notThere(path);
  return file;
}

interface RestoreOptions {
  at?: string;
  act?: string;
  preview?: boolean;
  confirm?: boolean;
}

function addRestore(program: Command, context: Context): void {
  program
    .command('restore')
    .summary('bring back a version, a deleted file, or a folder')
    .description(
      'Brings back the newest version of a deleted file, or the version that is named. A folder, which ends with /, is\n' +
        'brought back as it was at a time (--at), or an act on it is undone (--act).',
    )
    .argument('<path>', 'a file, or a folder that ends with /')
    .argument('[version]', 'of a file: the version, as `dfs versions` names it')
    .option('--at <time>', 'of a folder: a time with its zone, such as 2026-11-29T12:00:00Z')
    .option('--act <act>', 'of a folder: the act to undo, as `dfs rm -r --json` and `dfs mv --json` name it')
    .option('--preview', 'of a folder: only tell what would change')
    .option('--confirm', 'go on although most of the files are deleted by it')
    .addHelpText(
      'after',
      '\nExamples:\n  dfs restore texts/final.txt\n  dfs restore photos/ --at 2026-11-28T18:00:00Z --preview',
    )
    .action(async (typed: string, version: string | undefined, options: RestoreOptions, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const path = remotePath(typed);
      const { at, act, preview, confirm } = options;
      if (at !== undefined || act !== undefined) {
        const body = {
          path: path === '' ? '' : asFolder(path),
          ...(at !== undefined && { at }),
          ...(act !== undefined && { act }),
          ...(preview === true && { preview }),
          ...(confirm === true && { confirm }),
        };
        const done = await node.ask(() => restoreFolder({ client: node.client, body }), path);
        return tellAct(printer, done, preview === true ? 'to be restored' : 'restored');
      }
      if (path.endsWith('/')) throw new Failure('Of a folder say what to bring back: --at, or --act.', EXIT.usage);
      const file = await anyState(node, path);
      const chosen = version ?? (await newestVersion(node, path));
      const restored = await node.ask(
        () => restoreFile({ client: node.client, path: { fileId: file.id }, body: { version: chosen } }),
        path,
      );
      printer.result(restored, () => `${shown(restored.path)} restored, ${size(restored.size)}`);
    });
}

async function newestVersion(node: Connection, path: string): Promise<string> {
  const { file, items } = await versionsOf(node, path);
  if (!file.deleted)
    throw new Failure(`${path} is not deleted: name the version to bring back (dfs versions).`, EXIT.usage);
  const newest = items.find(({ kind }) => kind === 'file');
  if (!newest) throw new Failure(`${path} has no version that can be brought back.`, EXIT.notFound);
  return newest.version;
}

function addConflicts(program: Command, context: Context): void {
  program
    .command('conflicts')
    .summary('list files with several versions at once')
    .description('Lists the files that were changed in two places at once. `dfs choose` settles one.')
    .argument('[folder]', 'only below this folder', '')
    .addHelpText('after', '\nExample:\n  dfs conflicts')
    .action(async (typed: string, _options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const query = { state: 'conflict' as const, limit: 1000, prefix: remoteFolder(typed) };
      const { items } = await node.read(() => listFiles({ client: node.client, query }));
      printer.result({ items }, () =>
        items.length === 0 ? 'No file is in conflict.' : table(items.map((file) => row(file, file.path))),
      );
    });
  program
    .command('choose')
    .summary('settle a conflict')
    .description('Ends the conflict of a file: the chosen version is the file. The others stay among its versions.')
    .argument('<path>', 'a file of the network')
    .argument('<version>', 'the version, as `dfs versions` names it')
    .addHelpText('after', '\nExample:\n  dfs choose texts/final.txt bciq…')
    .action(async (typed: string, version: string, _options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const file = await existingFile(node, remotePath(typed));
      const chosen = await node.ask(
        () => chooseFileVersion({ client: node.client, path: { fileId: file.id }, body: { version } }),
        file.path,
      );
      printer.result(
        chosen,
        () => `${shown(chosen.path)} is now that of ${when(chosen.modifiedAt)}, ${size(chosen.size)}`,
      );
    });
}

function tellAct(printer: Printer, act: FolderAct, done: string): void {
  for (const { path, detail } of act.skipped) printer.note(`${shown(path)}: ${detail}`);
  const goesOn = act.transfer ? '; it goes on by itself (dfs status)' : '';
  const gone = act.deleted > 0 ? `, ${act.deleted} deleted` : '';
  printer.result(act, () => `${act.files} files ${done}, ${size(act.bytes)}${gone}${goesOn}`);
}

/** The folder's own path, as the node has it: without the slash at its end. */
function asFolder(path: string): string {
  return path.replace(/\/+$/, '');
}

function notThere(path: string): Failure {
  return new Failure(`${path}: there is no such file or folder in the network.`, EXIT.notFound);
}
