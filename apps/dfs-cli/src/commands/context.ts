import type { Command } from 'commander';
import { Connection } from '../node/connection.js';
import { findNode, type NodeChoice } from '../node/find-node.js';
import { Printer } from '../output/printer.js';

/** The surroundings of the commands, from `main.ts` or from tests in its place. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** Progress and colours are for a terminal. */
  readonly isTerminal: boolean;
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
  /** How the process is to end, where nothing threw. */
  exitCode: number;
}

interface GlobalOptions extends NodeChoice {
  json?: boolean;
}

/** The parts of a command: the node, found when it is first needed, and where to print. */
export class Context {
  constructor(readonly around: Surroundings) {}

  printer(command: Command): Printer {
    const { json = false } = command.optsWithGlobals<GlobalOptions>();
    const { stdout, stderr, isTerminal } = this.around;
    return new Printer({ out: stdout, err: stderr }, { json, isTerminal });
  }

  async node(command: Command): Promise<Connection> {
    return new Connection(await findNode(command.optsWithGlobals<GlobalOptions>(), this.around.env));
  }

  dataDir(command: Command): string | undefined {
    return command.optsWithGlobals<GlobalOptions>().dataDir ?? this.around.env.DFS_DATA_DIR;
  }
}
