import 'reflect-metadata';
import type { Logger } from 'pino';
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

/** Starts a node as arguments and environment say. Answers once it is up, or told to end; a start that fails ends the process. */
export async function run(): Promise<void> {
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
  await new Program(config, logger).run();
}

/** A node from its start to the end of its process. */
class Program {
  private readonly hurry = new AbortController();
  private readonly starting: Promise<RunningNode>;
  private stopping = false;

  constructor(
    private readonly config: Config,
    private readonly logger: Logger,
  ) {
    this.starting = startNode(config, { logger, signal: this.hurry.signal });
    for (const signal of endSignals()) process.on(signal, () => void this.stop(signal));
  }

  async run(): Promise<void> {
    try {
      const node = await this.starting;
      if (!this.stopping) this.announce(node);
    } catch (error) {
      if (!this.stopping) await this.endWell(EXIT_FAILED, error);
    }
  }

  /** The link goes to a terminal alone: it carries the token. */
  private announce(node: RunningNode): void {
    this.logger.info({ url: node.url }, 'ready');
    if (process.stdout.isTTY) process.stdout.write(`Open ${node.url}#token=${node.token}\n`);
    process.stdout.write(`DFS ready at ${node.url}\n`);
  }

  private async stop(signal: string): Promise<void> {
    // A second signal is meant.
    if (this.stopping) return this.giveUp(new Error('told to end twice'));
    this.stopping = true;
    this.hurry.abort();
    this.logger.info({ signal }, 'stopping');
    setTimeout(() => this.giveUp(new Error('stopping took too long')), STOP_TIME + this.config.drainMs).unref();
    try {
      await (await this.starting).stop();
      this.logger.info({}, 'stopped');
      await this.endWell(0);
    } catch (error) {
      await this.endWell(EXIT_FAILED, error);
    }
  }

  /** In good order, unless a disk that does not answer keeps it from that. */
  private async endWell(code: number, error?: unknown): Promise<void> {
    if (await filesAreQuiet()) this.end(code, error);
    this.giveUp(error instanceof Error ? error : new Error('the disk does not answer'));
  }

  /** A hanging part is not waited for. */
  private giveUp(error: Error): void {
    this.logger.fatal({ err: error }, 'the node ends at once');
    killSelf();
  }

  private end(code: number, error?: unknown): never {
    if (error instanceof DfsError)
      this.logger.fatal(
        { code: error.code, cause: error.cause instanceof Error ? error.cause.message : undefined },
        error.message,
      );
    else if (error !== undefined) this.logger.fatal({ err: error }, 'the node ends');
    process.exit(code);
  }
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
