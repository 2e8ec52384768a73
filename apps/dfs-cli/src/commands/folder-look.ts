import { Option, type Command } from 'commander';
import {
  answerHeldDeletions,
  emptyLiveFolderTrash,
  listHeldDeletions,
  listLiveFolderIssues,
  listLiveFolderTrash,
  restoreFromTrash,
  type LiveFolderHold,
  type LiveFolderInfo,
  type LiveFolderIssue,
  type LiveFolderTrashEntry,
} from '@dfs/client';
import { EXIT, Failure } from '../output/failure.js';
import { shown, size, table, when } from '../output/printer.js';
import { canAsk, confirmed } from '../output/question.js';
import type { Connection } from '../node/connection.js';
import { liveFolder, liveFoldersOf, WHICH } from '../node/live-folders.js';
import { pagesOf, type Cursor } from '../node/remote-files.js';
import type { Context } from './context.js';

const PAGE = 1000;
/** Names that a terminal gets of one hold; `--json` has more. */
const NAMES = 20;

interface HeldOptions {
  delete?: string;
  restore?: string;
  yes?: boolean;
}

/** `dfs folder held`: deletions that wait for a person. */
export function addHeld(folder: Command, context: Context): void {
  folder
    .command('held')
    .summary('list deletions that wait for an answer, and answer')
    .description(
      'Where many files are gone from a directory at once, the node asks before it deletes them in the network. This lists what\n' +
        'waits, with a hold for what was found together; --delete and --restore answer for exactly those.',
    )
    .argument('[folder]', `${WHICH}; all of them when left out`)
    .addOption(new Option('--delete <hold>', 'delete them in the network too').conflicts('restore'))
    .option('--restore <hold>', 'put them back into the directory')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExamples:\n  dfs folder held\n  dfs folder held photos --restore 0b7c…\n  dfs folder held photos --delete 0b7c…',
    )
    .action(async (typed: string | undefined, options: HeldOptions, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const holds: Held[] = [];
      for (const each of await liveFoldersOf(node, typed)) holds.push(...(await holdsOf(node, each)));
      const answered = options.delete ?? options.restore;
      if (answered === undefined) {
        printer.result({ items: holds.map(({ folder: { id }, ...hold }) => ({ folder: id, ...hold })) }, () =>
          holds.length === 0 ? 'No deletion waits for an answer.' : holds.map(heldText).join('\n'),
        );
        return;
      }
      const hold = holds.find(({ id }) => id === answered);
      if (!hold)
        throw new Failure(`${answered}: no deletions wait under this id; dfs folder held lists them.`, EXIT.notFound);
      const action = options.delete === undefined ? 'restore' : 'delete';
      if (action === 'delete' && options.yes !== true && canAsk(context.around)) {
        printer.note(heldText(hold));
        await confirmed(context.around, `Delete these ${hold.count} in the network too?`, 'Nothing was deleted.');
      }
      const path = { id: hold.folder.id, hold: hold.id };
      const done = await node.ask(() => answerHeldDeletions({ client: node.client, path, body: { action } }), hold.id);
      printer.result(
        done,
        () => `${done.count} ${action === 'delete' ? 'are deleted in the network' : 'come back to the directory'}.`,
      );
    });
}

type Held = LiveFolderHold & { folder: LiveFolderInfo };

async function holdsOf(node: Connection, folder: LiveFolderInfo): Promise<Held[]> {
  const { items } = await node.read(() => listHeldDeletions({ client: node.client, path: { id: folder.id } }));
  return items.map((hold) => ({ folder, ...hold }));
}

function heldText({ id, heldAt, count, paths, folder }: Held): string {
  const rest = count - Math.min(NAMES, paths.length);
  return [
    `${id}  ${when(heldAt)}  ${count} deletions in ${shown(folder.name)}`,
    ...paths.slice(0, NAMES).map((path) => `  ${shown(path)}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ].join('\n');
}

/** `dfs folder issues`: what a person should know of. */
export function addIssues(folder: Command, context: Context): void {
  folder
    .command('issues')
    .summary('list what a person should know of')
    .description('Lists files that a live folder could not take or write, with the reason.')
    .argument('[folder]', `${WHICH}; all of them when left out`)
    .addHelpText('after', '\nExample:\n  dfs folder issues photos')
    .action(async (typed: string | undefined, _options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const items: (LiveFolderIssue & { folder: string })[] = [];
      for (const { id, name } of await liveFoldersOf(node, typed)) {
        const read = (cursor: Cursor) =>
          node.read(
            () => listLiveFolderIssues({ client: node.client, path: { id }, query: { limit: PAGE, ...cursor } }),
            name,
          );
        for await (const page of pagesOf(read)) items.push(...page.items.map((issue) => ({ folder: id, ...issue })));
      }
      printer.result({ items }, () =>
        items.length === 0
          ? 'There is no issue.'
          : table(items.map((each) => [when(each.since), each.kind, shown(each.path), each.detail])),
      );
    });
}

/** `dfs folder trash …`: what the node has replaced or removed in a directory. */
export function addTrash(folder: Command, context: Context): void {
  const trash = folder
    .command('trash')
    .summary('list, restore and empty the trash')
    .description(
      'Files that the node replaces or removes in the directory of a live folder go to the trash in it, for 30 days.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  dfs folder trash ls photos\n  dfs folder trash restore photos 1764… a/b.jpg\n  dfs folder trash empty photos',
    );
  trash
    .command('ls', { isDefault: true })
    .summary('list what is in the trash')
    .description('Lists what is in the trash of a live folder, or of all.')
    .argument('[folder]', `${WHICH}; all of them when left out`)
    .addHelpText('after', '\nExample:\n  dfs folder trash ls photos')
    .action(async (typed: string | undefined, _options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const items: (LiveFolderTrashEntry & { folder: string })[] = [];
      for (const { id, name } of await liveFoldersOf(node, typed)) {
        const read = (cursor: Cursor) =>
          node.read(
            () => listLiveFolderTrash({ client: node.client, path: { id }, query: { limit: PAGE, ...cursor } }),
            name,
          );
        for await (const page of pagesOf(read)) items.push(...page.items.map((entry) => ({ folder: id, ...entry })));
      }
      printer.result({ items }, () =>
        items.length === 0
          ? 'The trash is empty.'
          : table(
              items.map((each) => [
                when(each.at),
                size(each.size).padStart(9),
                each.reason,
                each.path === null ? '(a name that nobody knows)' : shown(each.path),
                each.id,
              ]),
            ),
      );
    });
  trash
    .command('restore')
    .summary('bring a file back')
    .description(
      'Brings a file back from the trash, to its path or another one in the directory; never over another file.',
    )
    .argument('<folder>', WHICH)
    .argument('<entry>', 'the file, as `dfs folder trash ls` names it at the end of its line')
    .argument('[path]', 'in the directory; where it was when left out')
    .addHelpText('after', '\nExample:\n  dfs folder trash restore photos 1764… kept/b.jpg')
    .action(async (typed: string, entry: string, to: string | undefined, _options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { id } = await liveFolder(node, typed);
      const body = { id: entry, ...(to !== undefined && { path: to.normalize('NFC') }) };
      const done = await node.ask(() => restoreFromTrash({ client: node.client, path: { id }, body }), entry);
      printer.result(done, () => `${shown(done.path)} is back.`);
    });
  trash
    .command('empty')
    .summary('remove for good what is in the trash')
    .description('Removes what is in the trash of a live folder for good, or one file of it. It asks on a terminal.')
    .argument('<folder>', WHICH)
    .argument('[entry]', 'this file alone, as `dfs folder trash ls` names it')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  dfs folder trash empty photos')
    .action(async (typed: string, entry: string | undefined, options: { yes?: boolean }, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { id, name } = await liveFolder(node, typed);
      if (options.yes !== true) {
        if (!canAsk(context.around))
          throw new Failure('Nothing was removed: say --yes where nobody can be asked.', EXIT.usage);
        const what = entry ?? `all that is in the trash of ${shown(name)}`;
        await confirmed(context.around, `Remove ${what} for good?`, 'Nothing was removed.');
      }
      const query = entry === undefined ? {} : { entry };
      const gone = await node.ask(() => emptyLiveFolderTrash({ client: node.client, path: { id }, query }), name);
      printer.result(gone, () => `${gone.files} files removed for good, ${size(gone.bytes)}.`);
    });
}
