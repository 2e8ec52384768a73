import type { UploadSource } from '@dfs/client-data';

/** Paths are kept in this form by every node. */
const FORM = 'NFC';

/** Files a person chose, below a folder (`photos/2026/`, or empty). */
export function chosenFiles(files: Iterable<File>, folder: string): UploadSource[] {
  return Array.from(files, (file) => ({ file, path: pathOf(folder, file.webkitRelativePath || file.name) }));
}

/** Files a person dropped, folders with all that is in them. Must be called within the drop event. */
export async function droppedFiles(data: DataTransfer, folder: string): Promise<UploadSource[]> {
  const entries = Array.from(data.items)
    .filter((item) => item.kind === 'file')
    .map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.length === 0 || entries.some((entry) => entry === null)) return chosenFiles(data.files, folder);
  const found: UploadSource[] = [];
  for (const entry of entries) if (entry) await collect(entry, '', folder, found);
  return found;
}

async function collect(entry: FileSystemEntry, above: string, folder: string, found: UploadSource[]): Promise<void> {
  const path = above + entry.name;
  if (isFile(entry)) {
    const file = await new Promise<File>((done, failed) => entry.file(done, failed));
    found.push({ file, path: pathOf(folder, path) });
  } else if (isDirectory(entry)) {
    const reader = entry.createReader();
    // A reader answers in portions, and with none when there is no more.
    for (;;) {
      const portion = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
      if (portion.length === 0) return;
      for (const inner of portion) await collect(inner, `${path}/`, folder, found);
    }
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
