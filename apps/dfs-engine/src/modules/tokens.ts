import type { Logger } from 'pino';
import type { Clock, Timers } from '@dfs/runtime';
import type { Signer } from '@dfs/protocol';
import type { Config } from '../config.js';
import type { DataDir } from '../start/data-dir.js';

/** Values known before the application is composed. */
export interface Foundation {
  config: Config;
  dataDir: DataDir;
  signer: Signer;
  privateKeyRaw: Uint8Array;
  logger: Logger;
  clock: Clock;
  /** Of what the node looks at now and then by itself. */
  timers: Timers;
}

/** Injection token of the Foundation. */
export const FOUNDATION = Symbol('FOUNDATION');
