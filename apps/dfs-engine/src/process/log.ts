import { pino, type Logger } from 'pino';
import type { LogLevel } from '../config.js';
import { LineWriter } from './line-writer.js';

const SECRETS = ['authorization', 'cookie', 'token', 'ticket', 'secret', 'password'];

/**
 * The structured log: one JSON line an event, on stderr, written before the call returns. Secrets do not get into it, even
 * by mistake. A line that cannot be written is dropped.
 * @param to takes the lines in place of stderr
 */
export function openLog(level: LogLevel, to: { write(line: string): void } = new LineWriter()): Logger {
  return pino(
    {
      level,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '…' },
      base: undefined,
    },
    to,
  );
}
