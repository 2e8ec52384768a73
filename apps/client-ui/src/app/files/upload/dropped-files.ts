import type { ApiProblem } from '@dfs/client-data';
import { unreadable, within } from '../readable.js';

/** Paths are kept in this form by every node. */
const FORM = 'NFC';

/** One entry that a person chose: a file with the path it goes to, or why it cannot be read. */
export type ChosenEntry = { path: string; file: File } | { path: string; problem: ApiProblem };

/** Files a person chose, below a folder (`photos/2026/`, or empty). */
export function chosenFiles(files: Iterable<File>, folder: string): ChosenEntry[] {
  return Array.from(files, (file) => ({ file, path: pathOf(folder, file.webkitRelativePath || file.name) }));
}

/**
 * Files a person dropped, folders with all that is in them. Must be called within the drop event. An entry that cannot be
 * read is named with its cause and stops no other.
 */
export async function droppedFiles(data: DataTransfer, folder: string): Promise<ChosenEntry[]> {
  const entries = Array.from(data.items)
    .filter((item) => item.kind === 'file')
    .map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.length === 0 || entries.some((entry) => entry === null)) return chosenFiles(data.files, folder);
  const found = await Promise.all(entries.flatMap((entry) => (entry ? [collect(entry, '', folder)] : [])));
  return found.flat();
}

async function collect(entry: FileSystemEntry, above: string, folder: string): Promise<ChosenEntry[]> {
  const name = above + entry.name;
  const path = pathOf(folder, name);
  try {
    if (isFile(entry))
      return [{ file: await within(new Promise<File>((done, failed) => entry.file(done, failed))), path }];
    if (isDirectory(entry)) return await inside(entry, name, folder);
    return [];
  } catch (error) {
    return [{ path, problem: unreadable(error) }];
  }
}

async function inside(entry: FileSystemDirectoryEntry, name: string, folder: string): Promise<ChosenEntry[]> {
  const reader = entry.createReader();
  const found: ChosenEntry[] = [];
  try {
    // A reader answers in portions, and with none when there is no more.
    for (;;) {
      const portion = await within(new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed)));
      if (portion.length === 0) return found;
      found.push(...(await Promise.all(portion.map((inner) => collect(inner, `${name}/`, folder)))).flat());
    }
  } catch (error) {
    return [...found, { path: pathOf(folder, name), problem: unreadable(error) }];
  }
}

function pathOf(folder: string, name: string): string {
  return (folder + name).normalize(FORM);
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}
