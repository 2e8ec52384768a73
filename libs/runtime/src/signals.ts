import { DfsError } from './errors.js';

/** Aborts with `signal`, or with `timeout` after so many milliseconds. */
export function withTimeout(signal: AbortSignal, milliseconds: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
}

/** Waits, or throws the signal's reason. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, milliseconds).unref();
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** Of a node that stops. */
export function stopping(): DfsError {
  return new DfsError('shutting-down', 'The node is shutting down.');
}
