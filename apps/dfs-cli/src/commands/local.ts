import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { passedSignals } from '@dfs/runtime';
import type { Context } from './context.js';

/** Of the workspace, or of the installed package: both have the same layout. */
const ROOT = new URL('../../../../', import.meta.url);

/** Commands that run the engine's own program on this machine. */
export function addLocalCommands(program: Command, context: Context): void {
  const engine = (script: string, args: readonly string[], command: Command): Promise<number> => {
    const dataDir = context.dataDir(command);
    return run(script, args, { ...context.around.env, ...(dataDir !== undefined && { DFS_DATA_DIR: dataDir }) });
  };
  program
    .command('start')
    .summary('run a node on this machine')
    .description(
      'Runs a node until Ctrl-C, and prints the link to its console. `dfs start -- --help` lists its settings.',
    )
    .allowUnknownOption()
    .argument('[settings...]', 'such as --http-port=3001')
    .addHelpText('after', '\nExamples:\n  dfs start\n  dfs start --data-dir ~/dfs --http-port=3001')
    .action(async (settings: string[], _options: object, command: Command) => {
      context.around.exitCode = await engine('tools/start.mjs', settings, command);
    });
  for (const [name, own, summary] of [
    ['check', 'check', 'check the data directory of a stopped node'],
    ['restore-database', 'restore', 'restore the database of a stopped node from its newest snapshot'],
    ['rebuild', 'rebuild', 'make the database of a stopped node anew from its packs and journal'],
  ] as const) {
    program
      .command(name)
      .summary(summary)
      .description(
        `Runs the engine’s own \`${own}\` on the data directory; \`dfs ${name} -- --help\` lists its options.`,
      )
      .allowUnknownOption()
      .argument('[options...]', 'of the engine')
      .addHelpText('after', `\nExample:\n  dfs ${name} --data-dir ~/dfs`)
      .action(async (options: string[], _options: object, command: Command) => {
        context.around.exitCode = await engine('apps/dfs-engine/dist/bundle/main.js', [own, ...options], command);
      });
  }
}

const place = (file: string): string => fileURLToPath(new URL(file, ROOT));

/** In our place: same terminal, same signals, same end. */
async function run(script: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  // npm may be told not to run what a package wants to do at its installation.
  const isInstalled = existsSync(place('vendor/sqlite3'));
  if (isInstalled && !existsSync(place('vendor/sqlite3/build/Release/node_sqlite3.node'))) {
    const code = await runScript('tools/package/binding.mjs', [], env);
    if (code !== 0) return code;
  }
  return runScript(script, args, env);
}

function runScript(script: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, [place(script), ...args], { stdio: 'inherit', env });
  // Ctrl-C reaches the child by itself, from the terminal; only what is sent to this process alone is passed on.
  for (const signal of passedSignals()) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
