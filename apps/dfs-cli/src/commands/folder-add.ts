import { mkdir, realpath, rmdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, relative, resolve, win32 } from 'node:path';
import { Option, type Command } from 'commander';
import { bindLiveFolder, estimateLiveFolder, type LiveFolderEstimate, type LiveFolderMode } from '@dfs/client';
import { EXIT, Failure } from '../output/failure.js';
import { shown, size, table } from '../output/printer.js';
import { canAsk, confirmed } from '../output/question.js';
import type { Connection } from '../node/connection.js';
import { allowRoot, disallowRoot } from '../node/folder-roots.js';
import { shownPrefix } from '../node/live-folders.js';
import { remotePath } from '../transfer/remote-path.js';
import type { Context } from './context.js';

const WAYS: Record<LiveFolderMode, string> = {
  both: 'both ways',
  send: 'what is done in the directory goes to the network',
  receive: 'what others do comes to the directory',
};

interface AddOptions {
  name?: string;
  mode: LiveFolderMode;
  ignore?: string[];
  yes?: boolean;
}

/** `dfs folder add`: tells what it comes to, asks, and binds. */
export function addFolderAdd(folder: Command, context: Context): void {
  folder
    .command('add')
    .summary('bind a directory to a folder of the network')
    .description(
      'Binds a directory on the machine of the node to a folder of the network, tells first what that comes to, and asks on a\n' +
        'terminal. Files on both sides meet: equal ones are taken as they are, and no file is lost. By itself a node\n' +
        'takes directories under ~/DFS; on its own machine this command allows others.',
    )
    .argument('<directory>', 'a directory on the machine of the node; one in your home is made where it is not there')
    .argument('<folder>', 'a folder of the network; / for all of it')
    .option('--name <name>', 'what to call it (the last name of the directory)')
    .addOption(new Option('--mode <mode>', 'which way changes go').choices(['both', 'send', 'receive']).default('both'))
    .option('-x, --ignore <pattern...>', 'leave out what matches, as in a .gitignore; it is not deleted either')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExamples:\n  dfs folder add ~/DFS/photos photos\n  dfs folder add ~/Documents documents --mode send --ignore node_modules "*.tmp" --yes',
    )
    .action(async (typed: string, typedFolder: string, options: AddOptions, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { root, isMade } = await rootOf(node, typed);
      const prefix = remotePath(typedFolder).replace(/\/+$/, '');
      const { name, mode, ignore = [] } = options;
      const allowance = new Allowance(node, root);
      try {
        const body = { root, prefix, ignore };
        const found = await allowance.over(() =>
          node.ask(() => estimateLiveFolder({ client: node.client, body }), typed),
        );
        printer.note(`${shown(root)} = ${shownPrefix(prefix)}, ${WAYS[mode]}`);
        printer.note(estimateText(found));
        if (options.yes !== true && canAsk(context.around)) {
          await confirmed(context.around, 'Bind it?', 'Nothing was bound.');
        }
        const bound = await node.ask(
          () => bindLiveFolder({ client: node.client, body: { ...body, mode, ...(name !== undefined && { name }) } }),
          typed,
        );
        printer.result(bound, () => `${shown(bound.name)} is bound; dfs folder ls tells how it stands.`);
      } catch (error) {
        await allowance.takeBack();
        // Only where it is still empty.
        if (isMade) await rmdir(root).catch(() => undefined);
        throw error;
      }
    });
}

/** The cost of binding, a line for each figure. */
export function estimateText(found: LiveFolderEstimate): string {
  const { files, bytes, diskCost, others, ignored, unknown, network } = found;
  const some = (names: readonly string[]): string => names.slice(0, 3).map(shown).join(', ');
  return table([
    ['in the directory', `${files} files, ${size(bytes)}`],
    ['in the network', `${network.files} files, ${size(network.bytes)}`],
    ['room', `up to ${size(diskCost)} more: files of a live folder also stand in the chunk store, twice on the disk`],
    ...(ignored.files === 0
      ? []
      : [['left out', `${ignored.files} files, ${size(ignored.bytes)}, such as ${some(ignored.examples)}`]]),
    ...(others === 0 ? [] : [['left alone', `${others} links, sockets, pipes and devices`]]),
    ...(unknown.length === 0 ? [] : [['not readable', `${unknown.length} directories, such as ${some(unknown)}`]]),
  ]);
}

/**
 * The directory by its whole path: on this machine without links and made where it may be, elsewhere as it was typed.
 * @throws Failure
 */
async function rootOf(node: Connection, typed: string): Promise<{ root: string; isMade: boolean }> {
  if (node.dataDir === undefined) {
    if (isAbsolute(typed) || win32.isAbsolute(typed)) return { root: typed, isMade: false };
    throw new Failure(`${typed}: name the directory by its whole path on the machine of the node.`, EXIT.usage);
  }
  const path = resolve(typed);
  const there = await stat(path).catch(() => undefined);
  const isMade = there === undefined && (await mayMake(node.dataDir, path));
  if (isMade) await mkdir(path, { recursive: true });
  if (there?.isDirectory() === false) throw new Failure(`${typed}: this is a file, and not a directory.`, EXIT.usage);
  return { root: await realpath(path), isMade };
}

/** In the home directory alone, since elsewhere a disk may be missing; and by the user that the node runs as. */
async function mayMake(dataDir: string, path: string): Promise<boolean> {
  const rest = relative(homedir(), path);
  if (rest === '' || rest.startsWith('..') || isAbsolute(rest)) return false;
  return process.getuid === undefined || (await stat(dataDir)).uid === process.getuid();
}

/** A directory outside of the usual ones, allowed by the person who types at the node's own machine. */
class Allowance {
  private added = false;

  constructor(
    private readonly node: Connection,
    private readonly root: string,
  ) {}

  /** Where the node refuses the root alone, allows it and asks once more. */
  async over<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const { dataDir } = this.node;
      if (!(error instanceof Failure) || error.code !== 'folder-root-refused' || dataDir === undefined) throw error;
      this.added = await allowRoot(dataDir, this.root);
      if (!this.added) throw error;
      return await ask();
    }
  }

  /** As it was before, since nothing was bound. */
  async takeBack(): Promise<void> {
    const { dataDir } = this.node;
    if (this.added && dataDir !== undefined) await disallowRoot(dataDir, this.root);
  }
}
