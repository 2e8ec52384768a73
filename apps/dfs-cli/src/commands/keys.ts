import { Option, type Command } from 'commander';
import { listKeys, makeKey, revokeKey, rotateKeys } from '@dfs/client';
import { shown, table, when } from '../output/printer.js';
import { remoteFolder } from '../transfer/remote-path.js';
import type { Context } from './context.js';

interface MakeOptions {
  scope: 'read' | 'write' | 'admin';
  folder?: string;
  expires?: string;
}

/** `dfs key …`: keys for programs, each for this node alone. */
export function addKeyCommands(program: Command, context: Context): void {
  const key = program
    .command('key')
    .summary('make and end keys for programs')
    .description('Keys let programs in with less than the token of the node. Each holds for this node alone.')
    .addHelpText(
      'after',
      '\nExamples:\n  dfs key add backup --scope write --folder backup\n  dfs key ls\n  dfs key rm 01H…',
    );
  key
    .command('add')
    .description('Makes a key and prints it, this once.')
    .argument('<name>', 'what it is for')
    .addOption(new Option('--scope <scope>', 'what it may do').choices(['read', 'write', 'admin']).default('read'))
    .option('--folder <folder>', 'where the network ends for it')
    .option('--expires <time>', 'when it ends, such as 2027-01-31T00:00:00Z')
    .action(async (name: string, options: MakeOptions, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { scope, folder, expires } = options;
      const body = {
        name,
        scope,
        ...(folder !== undefined && { prefix: remoteFolder(folder) }),
        ...(expires !== undefined && { expiresAt: expires }),
      };
      const made = await node.ask(() => makeKey({ client: node.client, body }), name);
      printer.note('Keep it now: it is not shown again.');
      printer.result(made, () => made.token);
    });
  key
    .command('ls')
    .description('Lists the keys of this node with their last use.')
    .action(async (_options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { items } = await node.read(() => listKeys({ client: node.client }));
      printer.result({ items }, () =>
        items.length === 0
          ? 'There is no key.'
          : table(
              items.map((each) => [
                each.id,
                each.scope,
                each.state,
                shown(each.prefix),
                each.lastUsedAt === null ? 'never used' : `used ${when(each.lastUsedAt)}`,
                shown(each.name),
              ]),
            ),
      );
    });
  key
    .command('rm')
    .description('Ends a key at once, with its sockets and transfers.')
    .argument('<id>', 'the key, as `dfs key ls` names it')
    .action(async (id: string, _options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      await node.ask(() => revokeKey({ client: node.client, path: { id } }), id);
      printer.result({ id }, () => 'The key is ended.');
    });
  key
    .command('rotate')
    .description('Ends all keys of this node at once.')
    .action(async (_options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      await node.ask(() => rotateKeys({ client: node.client }));
      printer.result({ rotated: true }, () => 'All keys are ended.');
    });
}
