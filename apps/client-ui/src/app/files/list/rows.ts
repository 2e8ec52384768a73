import type { FileInfo, FileListState, FileSort, FolderInfo } from '@dfs/contracts';

/** A line of the list: a folder of the level, or a file. */
export type Row = FileRow | FolderRow;
/** A file as the list shows it. */
export interface FileRow {
  kind: 'file';
  /** Its id: what tells it from others. */
  key: string;
  path: string;
  file: FileInfo;
}
/** A folder as the list shows it. */
export interface FolderRow {
  kind: 'folder';
  /** Its path, with the slash at the end. */
  key: string;
  path: string;
  folder: FolderInfo;
}

/** Which rows, in which order. */
export interface FileView {
  /** Of a folder, with its `/`; empty for all. */
  prefix: string;
  q: string;
  sort: FileSort;
  state: FileListState;
  /** A media type, or the part of one before its slash; empty for all. */
  type: string;
  /** States of replication, with a comma between them; empty for all. */
  replication: string;
}

/** Whether the view shows one level of the tree, or files of any depth in one list. */
export function isLevel(view: FileView): boolean {
  return view.q === '' && view.state === 'current' && view.type === '' && view.replication === '';
}

/** The rows of an answer, as they follow on each other: folders first. */
export function rowsOf({ folders, items }: { folders: readonly FolderInfo[]; items: readonly FileInfo[] }): Row[] {
  return [
    ...folders.map((folder): Row => ({ kind: 'folder', key: folder.path, path: folder.path, folder })),
    ...items.map((file): Row => ({ kind: 'file', key: file.id, path: file.path, file })),
  ];
}

/** The name of a row, as it is: for people by `visibleName`. */
export function rawName({ path }: Row): string {
  const end = path.endsWith('/') ? path.length - 1 : path.length;
  return path.slice(path.lastIndexOf('/', end - 1) + 1, end);
}

/** Bytes of a file, or of all beneath a folder. */
export function bytesOf(row: Row): number {
  return row.kind === 'file' ? row.file.size : row.folder.bytes;
}
