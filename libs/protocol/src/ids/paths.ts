import { toBase32 } from './base32.js';
import { DfsError } from '@dfs/runtime';
import { MAX_PATH_BYTES } from '../limits.js';
import { sha256 } from './cid.js';

/** 16 bytes of SHA-256, base32 without padding: 26 characters. */
export const FILE_ID_PATTERN = /^[a-z2-7]{26}$/;

/**
 * The one form of a path: NFC, `/` between its parts, none of them empty, `.` or `..`, no control characters,
 * at most MAX_PATH_BYTES of UTF-8.
 * @throws DfsError `invalid-path` saying which rule is broken; of a path that is too long with the fact `maxBytes`.
 */
export function normalisePath(input: string): string {
  const path = input.normalize('NFC');
  const problem = pathProblem(path);
  if (problem) {
    const facts = isTooLong(path) ? { facts: { maxBytes: MAX_PATH_BYTES } } : {};
    throw new DfsError('invalid-path', problem, { errors: [{ field: 'path', detail: problem }], ...facts });
  }
  return path;
}

/** Whether `path` is already in its one form: what a record must satisfy to be valid. */
export function isNormalPath(path: string): boolean {
  return path.normalize('NFC') === path && pathProblem(path) === undefined;
}

/** File id: base32 of the first 16 bytes of SHA-256(network id, path). `networkId` is 64 hex digits. */
export function fileIdOf(networkId: string, path: string): string {
  const digest = sha256(Buffer.concat([Buffer.from(networkId, 'hex'), Buffer.from(path, 'utf8')]));
  return toBase32(digest.subarray(0, 16));
}

// eslint-disable-next-line no-control-regex -- control characters are just what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > MAX_PATH_BYTES;
}

function pathProblem(path: string): string | undefined {
  if (path === '') return 'The path is empty: give the file a name, such as photos/2026/a.jpg.';
  if (!path.isWellFormed()) return 'The path is not valid Unicode.';
  if (isTooLong(path)) return `The path is longer than ${MAX_PATH_BYTES} bytes.`;
  if (CONTROL.test(path)) return 'The path contains a control character.';
  if (path.includes('\\')) return 'The path contains a backslash: use / between folders.';
  if (path.startsWith('/')) return 'The path starts with /: paths are relative to the network.';
  if (path.endsWith('/')) return 'The path ends with /: a file needs a name.';
  const parts = path.split('/');
  if (parts.includes('')) return 'The path has an empty part (two slashes in a row).';
  if (parts.some((part) => part === '.' || part === '..')) return 'The path contains . or .. as a part.';
  return undefined;
}
