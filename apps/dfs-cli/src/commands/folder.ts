import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  patchLiveFolder,
  pauseLiveFolders,
  relinkLiveFolder,
  scanLiveFolder,
  unbindLiveFolder,
  type LiveFolderInfo,
  type PatchLiveFolder,
} from '@dfs/client';
import { EXIT, Failure } from '../output/failure.js';
import { shown, size, table, when } from '../output/printer.js';
import type { Connection } from '../node/connection.js';
import { disallowRoot } from '../node/folder-roots.js';
import { isWell, liveFolder, liveFolders, shownPrefix, WHICH } from '../node/live-folders.js';
import type { Context } from './context.js';
import { addFolderAdd } from './folder-add.js';
import { addHeld, addIssues, addTrash } from './folder-look.js';

/** Minutes. */
const HOUR = 60;
const WEEK = 7 * 24 * HOUR;

/** `dfs folder …`: directories of the node's machine that are kept like a folder of the network, both ways. */
export function addFolderCommands(program: Command, context: Context): void {
  const folder = program
    .command('folder')
    .summary('keep a directory and a folder of the network the same, both ways')
    .description(
      'A live folder binds a directory on the machine of the node to a folder of the network: what changes on one side changes\n' +
        'on the other. Its files also stand in the chunk store, so they take twice the disk.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  dfs folder add ~/DFS/photos photos\n  dfs folder ls\n  dfs folder held\n  dfs folder trash ls photos',
    );
  addFolderAdd(folder, context);
  addFolderLs(folder, context);
  addActs(folder, context);
  addRemove(folder, context);
  addHeld(folder, context);
  addIssues(folder, context);
  addTrash(folder, context);
}

function addFolderLs(folder: Command, context: Context): void {
  folder
    .command('ls')
    .summary('list the live folders')
    .description(
      `Lists the live folders with how they stand. It ends with ${EXIT.unwell} where one is paused, held or in error.`,
    )
    .addHelpText('after', '\nExamples:\n  dfs folder ls\n  dfs folder ls --json')
    .action(async (_options: object, command: Command) => {
      const printer = context.printer(command);
      const items = await liveFolders(await context.node(command));
      printer.result({ items }, () =>
        items.length === 0 ? 'There is no live folder: dfs folder add binds one.' : table(items.map(row)),
      );
      for (const { name, detail, held } of items) {
        if (detail !== null) printer.note(`${shown(name)}: ${detail}`);
        if (held > 0) printer.note(`${shown(name)}: ${held} deletions wait for an answer; dfs folder held names them.`);
      }
      if (!items.every(isWell)) context.around.exitCode = EXIT.unwell;
    });
}

function row({
  name,
  state,
  pausedUntil,
  files,
  bytes,
  mode,
  issues,
  lastPassAt,
  root,
  prefix,
  id,
}: LiveFolderInfo): string[] {
  return [
    shown(name),
    pausedUntil === null ? state : `${state} until ${when(pausedUntil)}`,
    `${files} files`,
    size(bytes),
    mode,
    issues === 0 ? '' : `${issues} issues`,
    lastPassAt === null ? 'never looked at' : when(lastPassAt),
    `${shown(root)} = ${shownPrefix(prefix)}`,
    id,
  ];
}

interface PauseOptions {
  all?: boolean;
  minutes?: number;
}

interface ResumeOptions {
  all?: boolean;
  follow?: boolean;
  empty?: boolean;
}

function addActs(folder: Command, context: Context): void {
  folder
    .command('pause')
    .summary('leave both sides as they are for now')
    .description(
      'Pauses a live folder: neither side is touched until `dfs folder resume`. With --all, all of them pause for an hour, or for as\n' +
        'long as --minutes says; one that was paused alone stays so.',
    )
    .argument('[folder]', WHICH)
    .option('--all', 'all of them, for a time')
    .option('--minutes <number>', `for how long all pause (default: ${HOUR})`, minutesOf)
    .addHelpText('after', '\nExamples:\n  dfs folder pause photos\n  dfs folder pause --all')
    .action(async (typed: string | undefined, { all, minutes }: PauseOptions, command: Command) => {
      if (all !== true && minutes !== undefined) throw new Failure('--minutes goes with --all alone.', EXIT.usage);
      if (meansAll(typed, all)) {
        await pauseAll(context, command, 60 * (minutes ?? HOUR));
        return;
      }
      await act(context, command, typed, {
        call: (node, { id }) => patchLiveFolder({ client: node.client, path: { id }, body: { paused: true } }),
        done: ({ name }) => `${shown(name)} is paused.`,
      });
    });
  folder
    .command('resume')
    .summary('go on after a pause')
    .description(
      'Lets a live folder go on. Where others have removed or moved everything in the network, say what to do: --follow, or\n' +
        '--empty. `dfs folder rm` leaves both sides as they are. With --all, those go on that pause for a time.',
    )
    .argument('[folder]', WHICH)
    .addOption(new Option('--all', 'all that pause for a time').conflicts(['follow', 'empty']))
    .addOption(new Option('--follow', 'go on where its files were moved to').conflicts('empty'))
    .option('--empty', 'empty the directory too; its files go to the trash')
    .addHelpText('after', '\nExamples:\n  dfs folder resume photos\n  dfs folder resume photos --follow')
    .action(async (typed: string | undefined, options: ResumeOptions, command: Command) => {
      if (meansAll(typed, options.all)) {
        await pauseAll(context, command, 0);
        return;
      }
      await act(context, command, typed, {
        call: (node, found) =>
          patchLiveFolder({ client: node.client, path: { id: found.id }, body: resumed(found, options) }),
        done: ({ name }) => `${shown(name)} goes on.`,
      });
    });
  folder
    .command('scan')
    .summary('look at all of it, soon')
    .description('Has the node look at the whole directory, which it does every hour by itself.')
    .argument('<folder>', WHICH)
    .addHelpText('after', '\nExample:\n  dfs folder scan ~/DFS/photos')
    .action((typed: string, _options: object, command: Command) =>
      act(context, command, typed, {
        call: (node, { id }) => scanLiveFolder({ client: node.client, path: { id } }),
        done: ({ name }) => `${shown(name)} is looked at.`,
      }),
    );
  folder
    .command('relink')
    .summary('the directory as it is now is the folder')
    .description(
      'Says that the directory as it stands now is the live folder, as after a restore or on a new disk. Both sides meet anew;\n' +
        'no file is lost by that.',
    )
    .argument('<folder>', WHICH)
    .addHelpText('after', '\nExample:\n  dfs folder relink photos')
    .action((typed: string, _options: object, command: Command) =>
      act(context, command, typed, {
        call: (node, { id }) => relinkLiveFolder({ client: node.client, path: { id } }),
        done: ({ name }) => `${shown(name)} is bound to the directory as it is now.`,
      }),
    );
}

/** Whether all are meant, or the one that is named. @throws Failure where neither is said, or both are */
export function meansAll(typed: string | undefined, all: boolean | undefined): typed is undefined {
  if ((typed === undefined) !== (all === true)) throw new Failure('Name one live folder, or say --all.', EXIT.usage);
  return typed === undefined;
}

/** @throws InvalidArgumentError unless it is a whole number of minutes, up to a week */
function minutesOf(text: string): number {
  const minutes = Number(text);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > WEEK)
    throw new InvalidArgumentError(`It is a whole number from 1 to ${WEEK}.`);
  return minutes;
}

async function pauseAll(context: Context, command: Command, seconds: number): Promise<void> {
  const printer = context.printer(command);
  const node = await context.node(command);
  const now = await node.ask(() => pauseLiveFolders({ client: node.client, body: { seconds } }), 'live folders');
  printer.result(now, () => {
    const until = now.items
      .flatMap(({ pausedUntil }) => pausedUntil ?? [])
      .sort()
      .at(-1);
    if (seconds === 0) return 'The live folders go on that paused for a time.';
    return until === undefined
      ? 'No live folder was to be paused.'
      : `All live folders are paused until ${when(until)}.`;
  });
}

/** @throws Failure where a person has to say what to do, or has answered what was not asked */
export function resumed(found: LiveFolderInfo, { follow, empty }: ResumeOptions): PatchLiveFolder {
  const answer = follow === true ? 'follow' : empty === true ? 'empty' : undefined;
  if (found.reason === 'prefix-gone' && answer === undefined) {
    const moved = (found.movedTo ?? null) === null ? '' : `--follow (to ${shownPrefix(found.movedTo ?? '')}), or `;
    throw new Failure(
      `${found.name}: others have removed or moved everything in the network: say ${moved}--empty, or remove the live folder (dfs folder rm).`,
      EXIT.conflict,
    );
  }
  return { paused: false, ...(answer !== undefined && { prefixGone: answer }) };
}

/** One act upon one folder; where the folder cannot go on all the same, the node's own words say so. */
async function act(
  context: Context,
  command: Command,
  typed: string,
  how: {
    call: (
      node: Connection,
      found: LiveFolderInfo,
    ) => Promise<{ data?: LiveFolderInfo; error?: unknown; response?: Response }>;
    done: (now: LiveFolderInfo) => string;
  },
): Promise<void> {
  const printer = context.printer(command);
  const node = await context.node(command);
  const found = await liveFolder(node, typed);
  const now = await node.ask(() => how.call(node, found), found.name);
  printer.result(now, () => how.done(now));
  if (now.detail !== null && now.reason !== 'asked') printer.note(`${shown(now.name)}: ${now.detail}`);
}

function addRemove(folder: Command, context: Context): void {
  folder
    .command('rm')
    .summary('end the binding; no file is touched')
    .description(
      'Removes the binding of a live folder. No file is touched, neither in the directory nor in the network.',
    )
    .argument('<folder>', WHICH)
    .addHelpText('after', '\nExample:\n  dfs folder rm photos')
    .action(async (typed: string, _options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { id, name, root } = await liveFolder(node, typed);
      await node.ask(() => unbindLiveFolder({ client: node.client, path: { id } }), name);
      // A token alone is not to bind it again.
      if (node.dataDir !== undefined) await disallowRoot(node.dataDir, root);
      printer.result({ id }, () => `${shown(name)} is no live folder any more; its files stay on both sides.`);
    });
}
