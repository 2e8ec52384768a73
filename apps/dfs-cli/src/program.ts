import { Command, CommanderError } from 'commander';
import { asFailure, EXIT } from './output/failure.js';
import { addCompletion } from './commands/completion.js';
import { Context, type Surroundings } from './commands/context.js';
import { addFileCommands } from './commands/files.js';
import { addFolderCommands } from './commands/folder.js';
import { addGet } from './commands/get.js';
import { addKeyCommands } from './commands/keys.js';
import { addLocalCommands } from './commands/local.js';
import { addNetworkCommands } from './commands/network.js';
import { addPut } from './commands/put.js';
import { addSync } from './commands/sync.js';
import { addWatch } from './commands/watch.js';

const EXIT_CODES = `
Exit codes:
  0  done                          4  no such file, folder, version or member
  1  the node refused, or failed   5  something is there already, or was changed meanwhile
  2  not understood                6  token or key missing, wrong, or not enough
  3  no node answers               7  some of many files failed; each is named
                                   8  a live folder is not well`;

/** The command line, as a tree of commands. */
export function buildProgram(around: Surroundings, version: string): Command {
  const context = new Context(around);
  const program = new Command('dfs')
    .description(
      'A shared store over your own machines. Commands talk to a node: the one that runs on this machine, or --url.',
    )
    .version(version, '-V, --version')
    .option('--url <address>', 'the node to talk to, such as http://nas:3000 (DFS_URL)')
    .option('--key <key>', 'its token, or one of its keys (DFS_KEY)')
    .option('--data-dir <directory>', 'data directory of the node on this machine (DFS_DATA_DIR, ./data)')
    .option('--json', 'print results as JSON')
    .addHelpText('after', EXIT_CODES)
    .showHelpAfterError('(dfs --help, or dfs <command> --help)')
    .configureOutput({
      writeOut: (text) => void around.stdout.write(text),
      writeErr: (text) => void around.stderr.write(text),
    })
    .exitOverride();
  addLocalCommands(program, context);
  addPut(program, context);
  addGet(program, context);
  addFileCommands(program, context);
  addSync(program, context);
  addFolderCommands(program, context);
  addWatch(program, context);
  addNetworkCommands(program, context);
  addKeyCommands(program, context);
  addCompletion(program, context);
  for (const command of program.commands) inherit(command, program);
  return program;
}

/** Options of all commands may stand behind the command too: `dfs ls --json`. */
function inherit(command: Command, program: Command): void {
  command.copyInheritedSettings(program);
  for (const below of command.commands) inherit(below, program);
  if (command.name() === 'start') return;
  for (const option of program.options) {
    if (option.long !== '--version') command.addOption(option);
  }
}

/**
 * Runs one command.
 * @param args without the names of Node and the program
 * @returns how the process is to end
 */
export async function runProgram(args: readonly string[], around: Surroundings, version: string): Promise<number> {
  try {
    await buildProgram(around, version).parseAsync([...args], { from: 'user' });
    return around.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const failure = asFailure(error);
    around.stderr.write(`dfs: ${failure.message}\n`);
    return around.signal.aborted ? EXIT.interrupted : failure.exitCode;
  }
}
