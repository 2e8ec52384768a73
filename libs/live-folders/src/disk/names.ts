import { isUtf8 } from 'node:buffer';
import { bufferOf, isDfsError } from '@dfs/runtime';
import { normalisePath } from '@dfs/protocol';

declare const onDisk: unique symbol;

/**
 * A path below a root as it stands on the disk: one character for each byte of each name, `/` between names, `''` for the
 * root. Orders as bytes do, and is a key of a Map. Not text: `é` is two characters here. `pathOf` makes a path of the
 * network of it.
 */
export type DiskPath = string & { readonly [onDisk]: true };

/** The root itself. */
export const ROOT = '' as DiskPath;

/** Holds which folder a root is. */
export const MARKER_NAME = '.dfs-folder';
/** Directory of what was replaced and removed, beside the marker. */
export const TRASH_NAME = '.dfs-trash';
/** Rules of a directory on what is ignored; of this disk alone. */
export const IGNORE_NAME = '.dfsignore';
/** Begins the name of whatever stands for a moment beside its place. */
export const TEMPORARY_PREFIX = '.dfs-tmp-';

/** The two reasons for a name of ours: a local file that waits for its fate, and a new one that waits for its place. */
export type TemporaryKind = 'aside' | 'staged';

/** A name of ours beside a path, taken apart. The path is that whose file id it is, in the same directory. */
export interface TemporaryName {
  readonly kind: TemporaryKind;
  readonly fileId: string;
  readonly recordId: string;
}

/** The ids that a temporary name consists of. */
export type TemporaryIds = Pick<TemporaryName, 'fileId' | 'recordId'>;

// eslint-disable-next-line no-control-regex -- ASCII, and only that
const BEYOND_ASCII = /[^\u0000-\u007f]/;
const STAGED_PREFIX = `${TEMPORARY_PREFIX}new-`;
const TEMPORARY = /^\.dfs-tmp-(new-)?([a-z2-7]{26})-([0-9a-z]{1,64})$/;
/** Characters that some file systems leave out when they compare names. */
const UNSEEN = /[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;
/** The short forms that Windows gives to the names of ours. */
const SHORT = /^dfs-(fo|tr|tm)~\d+$/;

/** The path of a text, as a program gives it to the file system: UTF-8, in whatever form it has. */
export function toDiskPath(text: string): DiskPath {
  // In ASCII each character is its byte.
  if (!BEYOND_ASCII.test(text)) return text as DiskPath;
  return Buffer.from(text, 'utf8').toString('latin1') as DiskPath;
}

/** The path of bytes, such as names of `readdir`. */
export function diskPathOfBytes(bytes: Uint8Array): DiskPath {
  return bufferOf(bytes).toString('latin1') as DiskPath;
}

/** Inverse of `diskPathOfBytes`. */
export function bytesOfDiskPath(path: DiskPath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** A text for people: what is no UTF-8 shows as `\xff`, so that no two paths look alike. */
export function showDiskPath(path: DiskPath): string {
  const bytes = bytesOfDiskPath(path);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  // eslint-disable-next-line no-control-regex -- ASCII is left as it is, and only that
  return path.replace(/[^\u0000-\u007f]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
}

/** The path of the network that a path below the root is called by: UTF-8, NFC. Undefined where there is none (rule 11). */
export function pathOf(path: DiskPath): string | undefined {
  const bytes = bytesOfDiskPath(path);
  if (!isUtf8(bytes)) return undefined;
  try {
    return normalisePath(bytes.toString('utf8'));
  } catch (error) {
    if (isDfsError(error, 'invalid-path')) return undefined;
    throw error;
  }
}

/** `name` in `directory`. */
export function joinDiskPath(directory: DiskPath, name: string): DiskPath {
  return (directory === ROOT ? name : `${directory}/${name}`) as DiskPath;
}

/** The directory that a path is in: of the root the root. */
export function parentOf(path: DiskPath): DiskPath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))) as DiskPath;
}

/** The last name of a path. */
export function nameOf(path: DiskPath): DiskPath {
  return path.slice(path.lastIndexOf('/') + 1) as DiskPath;
}

/** Name under which a file waits beside its place. */
export function temporaryName(kind: TemporaryKind, { fileId, recordId }: TemporaryIds): DiskPath {
  return `${kind === 'staged' ? STAGED_PREFIX : TEMPORARY_PREFIX}${fileId}-${recordId}` as DiskPath;
}

/** Inverse of `temporaryName`. Undefined for any other name. */
export function readTemporaryName(name: string): TemporaryName | undefined {
  const [, staged, fileId, recordId] = TEMPORARY.exec(name) ?? [];
  if (fileId === undefined || recordId === undefined) return undefined;
  return { kind: staged === undefined ? 'aside' : 'staged', fileId, recordId };
}

/**
 * Whether a path lies at or beneath a name of ours (rule 7): excluded before any rule, in both directions, at any depth (the
 * rules of this disk: in the root), and however a file system may fold the name. Of a path of the network ask with `toDiskPath`.
 */
export function isOurs(path: DiskPath): boolean {
  // Nearly all paths are done here.
  if (!/dfs|[^ -~]/i.test(path)) return false;
  const names = path.split('/').map(folded);
  return names[0] === IGNORE_NAME || names.some(isOurName);
}

function isOurName(name: string): boolean {
  return name === MARKER_NAME || name === TRASH_NAME || name.startsWith(TEMPORARY_PREFIX) || SHORT.test(name);
}

/** As the most forgiving file system compares names. */
function folded(name: string): string {
  const text = Buffer.from(name, 'latin1').toString('utf8').normalize('NFKC').replace(UNSEEN, '').toLowerCase();
  return (text.split(':', 1)[0] ?? '').replace(/[ .]+$/, '');
}
