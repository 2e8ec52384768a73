import type { Head } from '@dfs/catalogue';
import { EMPTY_CONTENT } from '@dfs/protocol';
import { toDiskPath, type DiskPath } from '../../disk/names.js';
import type { Expected, FileAttributes, Stat } from '../../disk/root-disk.js';
import { bitOf, known } from '../../plan/decide.js';
import type { BaseFile, Seen } from '../../plan/model.js';

/** The base row of a file that was written. */
export function rowOf(path: string, name: DiskPath, head: Head, stat: Stat, racy: boolean): BaseFile {
  return {
    kind: 'file',
    ...{ path, name, record: head.record, contentId: contentOf(head), executable: bitOf(head) },
    ...{ stat: known(stat), racy },
  };
}

/** The content of a file that the network shows. */
export function contentOf({ contentId }: Pick<Head, 'contentId'>): string {
  return contentId ?? EMPTY_CONTENT;
}

/** The file that must stand at a path before it is touched, as it was seen there. */
export function expectedOf({ stat, contentId, racy }: Seen): Expected {
  return { stat: stat as Stat, contentId, racy };
}

/** 15: attributes as the network has them. */
export function attributesOf({ attributes }: Head, executableBit: boolean): FileAttributes {
  const { mtime, executable } = attributes;
  return { ...(mtime !== undefined && { mtime }), ...(executableBit && { executable: executable === true }) };
}

/** A name as a disk has it that decomposes all names. */
export function decomposed(name: string): DiskPath {
  return toDiskPath(name.normalize('NFD'));
}
