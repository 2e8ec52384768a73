import { destination, pino, type Logger } from 'pino';
import type { LogLevel } from './config.js';

const SECRETS = ['authorization', 'cookie', 'token', 'ticket', 'secret', 'password'];

/** The structured log: one JSON line an event, on stderr. Secrets do not get into it, even by mistake. */
export function openLog(level: LogLevel): { logger: Logger; flush: () => void } {
  const stream = destination({ dest: 2, sync: true });
  const logger = pino(
    {
      level,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '…' },
      base: undefined,
    },
    stream,
  );
  return { logger, flush: () => stream.flushSync() };
}
