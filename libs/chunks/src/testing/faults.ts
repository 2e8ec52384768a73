import { open, type FileHandle } from 'node:fs/promises';
import { devNull } from 'node:os';

type Method = 'sync' | 'writev' | 'read';
type Replacement = (original: (...args: unknown[]) => Promise<unknown>, args: unknown[]) => Promise<unknown>;

/** Replaces a method of every open file, as a failing disk would, until the block ends. */
export async function failing(method: Method, replacement: Replacement): Promise<Disposable> {
  const probe = await open(devNull, 'r');
  const prototype = Object.getPrototypeOf(probe) as Record<Method, (...args: unknown[]) => Promise<unknown>>;
  await probe.close();
  const original = prototype[method];
  prototype[method] = function (this: FileHandle, ...args) {
    return replacement(original.bind(this), args);
  };
  return { [Symbol.dispose]: () => void (prototype[method] = original) };
}

/** An error as the file system gives it. */
export function systemError(code: string, errno?: number): Error {
  return Object.assign(new Error(`${code}: made up`), { code, ...(errno !== undefined && { errno }) });
}
