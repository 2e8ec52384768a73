/** Structured log, as pino offers it. Objects hold facts, never secrets: no tokens, tickets, keys, or bodies. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Drops every line: for parts that were given no log. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Where the time comes from, so that a test can set it. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
}

/** The wall clock of the machine, which people and NTP set: not for measuring spans. */
export const systemClock: Clock = { now: () => Date.now() };

/** Takes a listener away again. */
export type Unsubscribe = () => void;
