import { KiB, second } from '@dfs/runtime';
import { asDiskError, DiskError } from '../disk-error.js';
import type { DiskPath } from '../names.js';
import type { CopiedBlock, Dirty, DiskTraits, ReadEnd, Stat } from '../root-disk.js';

/** A child tells so often for how long its slowest call has been waiting for the disk. */
export const BEAT_EVERY = 2 * second;
/** A disk that has not answered for so long hangs (rule 17). */
export const HANGS_AFTER = 30 * second;
/** Where a child has the channel of bytes: behind those of a program, and that of messages. */
export const BYTES_FD = 4;
/** Pieces of a body that are under way and not taken yet. A piece has at most half a mebibyte. */
export const WINDOW = 8;
/** A body that is no longer than this goes with its call, and with its answer. */
export const WITH_CALL_BYTES = 256 * KiB;

/** The first message to a child. */
export interface OpenRoot {
  readonly root: string;
  readonly traits?: DiskTraits;
  readonly reserveBytes?: number;
}

/** A `DiskError` on its way. */
export interface TellError {
  readonly code: string;
  readonly path?: DiskPath;
  readonly retryAfter?: number;
  readonly changing?: number;
  /** Of an error that is none of a disk. */
  readonly message?: string;
}

/** The beginning of a body, with its call or its answer, and what is told of its end. The rest goes as frames of bytes. */
export interface BodyPart {
  readonly pieces?: readonly Uint8Array[];
  /** Of an end that is told later: so many frames come before it. */
  readonly frames?: number;
  /** There are no more. `end` is of a file that was read. */
  readonly ended?: { readonly end?: ReadEnd };
  readonly failed?: TellError;
}

/** From the engine to the child. Every call has an id, and so have the parts of its body. */
export type ToChild =
  | { readonly open: OpenRoot }
  | { readonly id: number; readonly call: string; readonly args: readonly unknown[]; readonly body?: BodyPart }
  | { readonly id: number; readonly body: BodyPart }
  /** So many pieces were taken, and may be followed by others. */
  | { readonly id: number; readonly taken: number }
  /** More blocks to be copied; `none` follow after the last of them, or since they are not to be had. */
  | { readonly id: number; readonly blocks: readonly CopiedBlock[] | 'none' | 'lost' }
  /** The rest of the body is not wanted. */
  | { readonly id: number; readonly stop: true }
  | { readonly watch: boolean };

/** From the child to the engine. */
export type FromChild =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: TellError }
  | { readonly id: number; readonly reading: Stat; readonly body: BodyPart }
  | { readonly id: number; readonly body: BodyPart }
  /** So many pieces, or groups of blocks, were taken, and may be followed by others. */
  | { readonly id: number; readonly taken: number }
  | { readonly beat: number }
  | { readonly dirty: Dirty };

/** An error as it goes. */
export function tellError(error: unknown): TellError {
  const disk = asDiskError(error);
  if (!(disk instanceof DiskError))
    return { code: 'EIO', message: error instanceof Error ? error.message : String(error) };
  const { code, path, retryAfter, changing } = disk;
  return {
    code,
    ...(path !== undefined && { path }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(changing !== undefined && { changing }),
  };
}

/** And as it comes. */
export function toldError({ code, path, retryAfter, changing, message }: TellError): DiskError {
  return new DiskError(code, {
    ...(path !== undefined && { path }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(changing !== undefined && { changing }),
    ...(message !== undefined && { cause: new Error(message) }),
  });
}
