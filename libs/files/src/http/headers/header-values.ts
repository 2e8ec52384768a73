import { second } from '@dfs/runtime';

const SECONDS = /^(-?\d{1,12})(?:\.(\d{1,9}))?$/;

/** So many bytes that are told in base64, in its one form; undefined for any other text. */
export function bytesOfBase64(text: string, length: number): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === length && bytes.toString('base64') === text ? bytes : undefined;
}

/** Text of bytes that are UTF-8; undefined for others. */
export function textOfUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A time that is told in seconds since 1970, with a fraction or without: in milliseconds, what is below them left out. */
export function momentOfSeconds(text: string): number | undefined {
  const [, seconds, fraction = ''] = SECONDS.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  const part = Number(fraction.padEnd(3, '0').slice(0, 3));
  return Number(seconds) * second + (seconds.startsWith('-') ? -part : part);
}
