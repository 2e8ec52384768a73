import type { FileAttributes } from '@dfs/contracts';
import type { RecordAttributes } from '@dfs/protocol';

/** The attributes of a record as clients see them: those that are there. */
export function toldAttributes({ mtime, executable, meta }: RecordAttributes): FileAttributes {
  return {
    ...(mtime === undefined ? {} : { mtime: new Date(mtime).toISOString() }),
    ...(executable === undefined ? {} : { executable }),
    ...(meta === undefined ? {} : { meta }),
  };
}
