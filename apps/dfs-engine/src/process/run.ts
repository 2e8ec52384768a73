import 'reflect-metadata';
import { DfsError, endSignals, second } from '@dfs/runtime';
import { ConfigError, readConfig, type Config } from '../config.js';
import { filesAreQuiet, killSelf } from './ending.js';
import { hostProblems } from '../start/listen-hosts.js';
import { openLog } from './log.js';
import { startNode, type RunningNode } from '../start/start.js';

/** `EX_CONFIG` of sysexits.h. */
const EXIT_CONFIG = 78;
const EXIT_FAILED = 1;
/** A stop that takes longer than this, and than work under way was given, is given up. */
const STOP_TIME = 15 * second;

// Files that the node writes are for its owner alone.
process.umask(0o077);
const config = await configuration();
const logger = openLog(config.logLevel);
if (config.unknown.length > 0)
  logger.warn({ variables: config.unknown }, `unknown variables: ${config.unknown.join(', ')}`);

// No remote input ends the process: the node logs an unhandled error, and goes on.
process.on('unhandledRejection', (error) => logger.error({ err: error }, 'an unhandled promise rejection'));
process.on('uncaughtException', (error) => logger.error({ err: error }, 'an uncaught exception'));
// Node answers this signal by opening the debugger, to anyone on this machine.
process.on('SIGUSR1', () => undefined);

const hurry = new AbortController();
const starting = startNode(config, { logger, signal: hurry.signal });
let stopping = false;
for (const signal of endSignals()) process.on(signal, () => void stop(signal));

try {
  const node = await starting;
  if (!stopping) announce(node);
} catch (error) {
  if (!stopping) await endWell(EXIT_FAILED, error);
}

async function configuration(): Promise<Config> {
  try {
    const config = readConfig();
    const problems = await hostProblems(config);
    if (problems.length > 0) throw new ConfigError(problems);
    return config;
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [String(error)];
    process.stderr.write(`${problems.join('\n')}\n`);
    process.exit(EXIT_CONFIG);
  }
}

/** The link goes to a terminal alone: it carries the token. */
function announce(node: RunningNode): void {
  logger.info({ url: node.url }, 'ready');
  if (process.stdout.isTTY) process.stdout.write(`Open ${node.url}#token=${node.token}\n`);
  process.stdout.write(`DFS ready at ${node.url}\n`);
}

async function stop(signal: string): Promise<void> {
  // A second signal is meant.
  if (stopping) return giveUp(new Error('told to end twice'));
  stopping = true;
  hurry.abort();
  logger.info({ signal }, 'stopping');
  setTimeout(() => giveUp(new Error('stopping took too long')), STOP_TIME + config.drainMs).unref();
  try {
    await (await starting).stop();
    logger.info({}, 'stopped');
    await endWell(0);
  } catch (error) {
    await endWell(EXIT_FAILED, error);
  }
}

/** In good order, unless a disk that does not answer keeps it from that. */
async function endWell(code: number, error?: unknown): Promise<void> {
  if (await filesAreQuiet()) end(code, error);
  giveUp(error instanceof Error ? error : new Error('the disk does not answer'));
}

/** A hanging part is not waited for. */
function giveUp(error: Error): void {
  logger.fatal({ err: error }, 'the node ends at once');
  killSelf();
}

function end(code: number, error?: unknown): never {
  if (error instanceof DfsError)
    logger.fatal(
      { code: error.code, cause: error.cause instanceof Error ? error.cause.message : undefined },
      error.message,
    );
  else if (error !== undefined) logger.fatal({ err: error }, 'the node ends');
  process.exit(code);
}
