import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { listEvents } from '@dfs/client';
import { shown, when } from '../output/printer.js';
import type { Context } from './context.js';

/** Milliseconds between two looks. */
const EVERY = 1000;

/** `dfs watch`: events as they happen, a line each. */
export function addWatch(program: Command, context: Context): void {
  program
    .command('watch')
    .summary('print events as they happen')
    .description('Prints what happens in the network, an event a line, until Ctrl-C.')
    .option('--after <seq>', 'begin after this event, instead of now')
    .addHelpText('after', '\nExamples:\n  dfs watch\n  dfs watch --json --after 1200')
    .action(async (options: { after?: string }, command: Command) => {
      const printer = context.printer(command);
      const node = await context.node(command);
      const { signal } = context.around;
      const page = (after: number, limit: number) =>
        node.read(() => listEvents({ client: node.client, query: { after, limit }, signal }));
      let after = options.after === undefined ? (await page(0, 1)).lastSeq : Number(options.after);
      while (!signal.aborted) {
        const { items, resync, lastSeq } = await page(after, 1000);
        if (resync) {
          printer.note('Some events are gone, or the node was restored: what happened meanwhile is not told.');
          after = lastSeq;
        }
        for (const event of items) {
          printer.result(event, () => `${when(event.time)}  ${event.type}  ${shown(JSON.stringify(event.data))}`);
          after = event.seq ?? after;
        }
        if (items.length === 0) await delay(EVERY, undefined, { signal }).catch(() => undefined);
      }
    });
}
