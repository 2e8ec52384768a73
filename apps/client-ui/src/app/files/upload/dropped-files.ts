import type { ApiProblem } from '@dfs/client-data';
import { unreadable, within } from '../readable.js';

/** Paths are kept in this form by every node. */
export const FORM = 'NFC';

/** One entry that a person chose: a file or an empty folder, with the path it goes to, or why it cannot be read. */
export type ChosenEntry = { path: string } & ({ file: File } | { folder: true } | { problem: ApiProblem }) & {
    /** Reads it from the disk anew: it may have changed, or its permissions. Left out where a browser cannot. */
    again?: () => Promise<ChosenEntry[]>;
  };

/** Tells entries as they are found. */
export type TellEntries = (entries: readonly ChosenEntry[]) => void;

/** Files a person chose, below a folder (`photos/2026/`, or empty). */
export function chosenFiles(files: Iterable<File>, folder: string): ChosenEntry[] {
  return Array.from(files, (file) => ({ file, path: pathOf(folder, file.webkitRelativePath || file.name) }));
}

/**
 * Files a person dropped, folders with all that is in them; a folder with nothing in it is told as such. Must be called within the
 * drop event; the answer reads them. An entry that cannot be read is named with its cause and stops no other.
 */
export function droppedFiles(data: DataTransfer, folder: string): (tell: TellEntries) => Promise<void> {
  const entries = Array.from(data.items)
    .filter((item) => item.kind === 'file')
    .map((item) => item.webkitGetAsEntry?.() ?? null);
  const known = entries.filter((entry) => entry !== null);
  if (known.length === 0 || known.length < entries.length) {
    const files = chosenFiles(data.files, folder);
    return (tell) => Promise.resolve(tell(files));
  }
  return async (tell) => void (await Promise.all(known.map((entry) => collect(entry, '', folder, tell))));
}

async function collect(entry: FileSystemEntry, above: string, folder: string, tell: TellEntries): Promise<void> {
  const name = above + entry.name;
  const path = pathOf(folder, name);
  const again = async () => {
    const found: ChosenEntry[] = [];
    await collect(entry, above, folder, (entries) => found.push(...entries));
    return found;
  };
  try {
    if (isFile(entry)) {
      const file = await within(new Promise<File>((done, failed) => entry.file(done, failed)));
      tell([{ path, file, again }]);
    } else if (isDirectory(entry)) {
      const count = await inside(entry, name, folder, tell);
      if (count === 0) tell([{ path, folder: true }]);
    }
  } catch (error) {
    tell([{ path, problem: unreadable(error), again }]);
  }
}

/** How many there are. */
async function inside(
  entry: FileSystemDirectoryEntry,
  name: string,
  folder: string,
  tell: TellEntries,
): Promise<number> {
  const reader = entry.createReader();
  const reading: Promise<void>[] = [];
  // A reader answers in portions, and with none when there is no more.
  for (;;) {
    const portion = await within(new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed)));
    if (portion.length === 0) break;
    reading.push(...portion.map((inner) => collect(inner, `${name}/`, folder, tell)));
  }
  await Promise.all(reading);
  return reading.length;
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
