import { InvalidArgumentError, type Command } from 'commander';
import { EXIT } from '../output/failure.js';
import { shown, when } from '../output/printer.js';
import type { Context } from './context.js';

/** `dfs watch`: events as they happen, a line each. */
export function addWatch(program: Command, context: Context): void {
  program
    .command('watch')
    .summary('print events as they happen')
    .description(
      'Prints what happens in the network, an event a line, until Ctrl-C. Where the connection to the node is lost it is made\n' +
        'again, and what was missed meanwhile comes first.',
    )
    .option('--after <seq>', 'begin after this event, instead of now', seqOf)
    .option('--topics <list>', 'types of events, or families of them such as file, with commas between them')
    .addHelpText('after', '\nExamples:\n  dfs watch\n  dfs watch --topics file,peer\n  dfs watch --json --after 1200')
    .action(async ({ after, topics }: { after?: number; topics?: string }, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { signal } = context.around;
      const steps = node.dfs.follow({
        ...{ signal, ...(after === undefined ? {} : { after }) },
        ...(topics === undefined ? {} : { topics: topics.split(',') }),
      });
      let isLost = false;
      for (;;) {
        const next = await node.call(() => steps.next());
        if (next.done === true) {
          // It has no other end.
          context.around.exitCode = EXIT.interrupted;
          return;
        }
        const step = next.value;
        if (step.type === 'event') {
          const { event } = step;
          printer.result(event, () => `${when(event.time)}  ${event.type}  ${shown(JSON.stringify(event.data))}`);
        } else if (step.type === 'resync') {
          printer.note('Some events are gone, or the node was restored: what happened meanwhile is not told.');
          isLost = false;
        } else if (step.type === 'lost') {
          if (!isLost)
            printer.note('The connection to the node was lost. It is made again as soon as the node answers.');
          isLost = true;
        } else if (isLost) {
          printer.note('The node answers again.');
          isLost = false;
        }
      }
    });
}

function seqOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be the number of an event.');
}
