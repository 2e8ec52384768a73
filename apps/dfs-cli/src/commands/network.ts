import type { Command } from 'commander';
import { createInvite, getNode, joinNetwork, listPeers, listTransfers, removePeer } from '@dfs/client';
import { shown, size, table, when, duration } from '../output/printer.js';
import type { Context } from './context.js';

/** Commands about the node and its network. */
export function addNetworkCommands(program: Command, context: Context): void {
  program
    .command('status')
    .summary('tell how the node does')
    .description('Tells the name, network, files and storage of the node, and what it is transferring.')
    .addHelpText('after', '\nExample:\n  dfs status --json')
    .action(async (_options: object, command: Command) => {
      const printer = context.printer(command);
      const connection = await context.node(command);
      const node = await connection.read(() => getNode({ client: connection.client }));
      const { items } = await connection.read(() => listTransfers({ client: connection.client }));
      const running = items.filter(({ state }) => state === 'running');
      printer.result({ ...node, url: connection.url, transfers: running }, () =>
        table([
          ['node', `${shown(node.name)}, ${node.peerId}`],
          ['version', `${node.version}, up ${duration(node.uptimeSeconds * 1000)}`],
          ['network', `${shown(node.network.name)}, ${node.network.members} members`],
          ['files', `${node.files.count}, ${size(node.files.bytes)}`],
          [
            'stored here',
            `${size(node.storage.bytes)} of ${size(node.storage.quotaBytes)}, ${size(node.storage.freeBytes)} free`,
          ],
          ['console', connection.url],
          ...running.map((each) => [
            each.kind,
            `${size(each.verifiedBytes)}${ofAll(each.bytes)}  ${shown(each.path ?? '')}`,
          ]),
        ]),
      );
    });
  program
    .command('peers')
    .summary('list the members of the network')
    .description('Lists the members of the network with what is known of each.')
    .addHelpText('after', '\nExample:\n  dfs peers')
    .action(async (_options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { items } = await node.read(() => listPeers({ client: node.client }));
      printer.result({ items }, () =>
        items.length === 0
          ? 'This node is alone in its network: dfs invite makes a ticket for another.'
          : table(
              items.map((peer) => [
                shown(peer.name),
                peer.role,
                peer.state,
                peer.lastSeenAt === null ? 'never seen' : `seen ${when(peer.lastSeenAt)}`,
                peer.peerId,
              ]),
            ),
      );
    });
  program
    .command('remove-peer')
    .summary('remove a member from the network')
    .description('Removes a member from the network. It keeps what it has and gets nothing more.')
    .argument('<peerId>', 'the member, as `dfs peers` names it')
    .option('--drain', 'move what only it holds to others first')
    .option('--confirm', 'go on although it alone holds something')
    .addHelpText('after', '\nExample:\n  dfs remove-peer 12D3KooW… --drain')
    .action(async (peerId: string, options: { drain?: boolean; confirm?: boolean }, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const query = {
        ...(options.drain === true && { drain: 'true' as const }),
        ...(options.confirm === true && { confirm: 'true' as const }),
      };
      const { data, response } = await node.answer(
        () => removePeer({ client: node.client, path: { peerId }, query }),
        peerId,
      );
      printer.result(response.status === 202 ? data : { peerId }, () =>
        response.status === 202 ? 'Its copies are moved first; dfs status tells how far.' : 'The member is removed.',
      );
    });
  program
    .command('invite')
    .summary('make a ticket for a new member')
    .description('Makes a ticket with which one node can join the network. Hand it to nobody else.')
    .option('--role <role>', 'owner, member or storage', 'member')
    .addHelpText('after', '\nExample:\n  dfs invite --role storage')
    .action(async (options: { role: string }, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const body = { role: options.role as 'member' };
      const invite = await node.ask(() => createInvite({ client: node.client, body }));
      printer.note(`Valid until ${when(invite.expiresAt)}, for one node. There:  dfs join <ticket>`);
      printer.result(invite, () => invite.ticket);
    });
  program
    .command('join')
    .summary('join a network')
    .description('Lets this node join the network of the ticket; the files it has are taken along.')
    .argument('<ticket>', 'made by `dfs invite` on a member')
    .addHelpText('after', '\nExample:\n  dfs join dfs1…')
    .action(async (ticket: string, _options: object, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const network = await node.ask(() => joinNetwork({ client: node.client, body: { ticket } }));
      printer.result(network, () => `Joined ${shown(network.name)}, ${network.members} members.`);
    });
}

function ofAll(bytes: number | null): string {
  return bytes === null ? '' : ` of ${size(bytes)}`;
}
