import { jest } from '@jest/globals';
import { waitFor } from '@testing-library/dom';
import { chosenFiles, droppedFiles, type ChosenEntry } from './dropped-files.js';

function fileEntry(name: string): FileSystemFileEntry {
  return {
    isFile: true,
    isDirectory: false,
    name,
    file: (done: (f: File) => void) => done(new File(['x'], name)),
  } as never;
}

/** A folder whose reader answers in portions of two, as browsers do with a hundred. */
function folderEntry(name: string, inside: FileSystemEntry[]): FileSystemDirectoryEntry {
  return {
    isFile: false,
    isDirectory: true,
    name,
    createReader: () => {
      const left = [...inside];
      return { readEntries: (done: (entries: FileSystemEntry[]) => void) => done(left.splice(0, 2)) };
    },
  } as never;
}

/** All that is found, in the order of the paths. */
async function found(data: DataTransfer, folder: string): Promise<ChosenEntry[]> {
  const all: ChosenEntry[] = [];
  await droppedFiles(data, folder)((entries) => all.push(...entries));
  return all.sort((a, b) => a.path.localeCompare(b.path));
}

const transfer = (entries: (FileSystemEntry | null)[], files: File[] = []) =>
  ({
    items: entries.map((entry) => ({ kind: 'file', webkitGetAsEntry: () => entry })),
    files,
  }) as unknown as DataTransfer;

describe('droppedFiles', () => {
  it('brings folders with all that is in them, below the folder that is shown', async () => {
    const deep = folderEntry('deep', [fileEntry('e.txt')]);
    const photos = folderEntry('photos', [fileEntry('a.jpg'), fileEntry('b.jpg'), fileEntry('c.jpg'), deep]);
    const all = await found(transfer([photos, fileEntry('alone.txt')]), 'in/here/');
    expect(all.map((source) => source.path)).toEqual([
      'in/here/alone.txt',
      'in/here/photos/a.jpg',
      'in/here/photos/b.jpg',
      'in/here/photos/c.jpg',
      'in/here/photos/deep/e.txt',
    ]);
  });

  it('tells of a folder that has nothing in it', async () => {
    const all = await found(transfer([folderEntry('d', [folderEntry('none', []), fileEntry('a')])]), '');
    expect(all).toMatchObject([{ path: 'd/a' }, { path: 'd/none', folder: true }]);
  });

  it('tells of each as it is found, not when all are', async () => {
    const told: string[] = [];
    const late = { isFile: true, isDirectory: false, name: 'late', file: () => undefined } as never;
    void droppedFiles(transfer([late, fileEntry('e')]), '')((entries) => told.push(...entries.map(({ path }) => path)));
    await waitFor(() => expect(told).toEqual(['e']));
  });

  it('takes plain files where a browser knows no entries', async () => {
    const all = await found(transfer([null], [new File(['x'], 'plain.txt')]), '');
    expect(all.map((source) => source.path)).toEqual(['plain.txt']);
  });
});

describe('an entry that cannot be read', () => {
  const failing = (name: string, error: string) =>
    ({
      isFile: true,
      isDirectory: false,
      name,
      file: (_: (f: File) => void, failed: (e: DOMException) => void) => failed(new DOMException('no', error)),
    }) as never;
  const problems = (all: ChosenEntry[]) =>
    all.map((entry) => ('problem' in entry ? [entry.path, entry.problem.code] : [entry.path]));

  it('is named, and the others of its folder come along', async () => {
    const folder = folderEntry('d', [fileEntry('a'), failing('b', 'NotReadableError'), fileEntry('c')]);
    expect(problems(await found(transfer([folder, fileEntry('e')]), ''))).toEqual([
      ['d/a'],
      ['d/b', 'file-unreadable'],
      ['d/c'],
      ['e'],
    ]);
  });

  it('may be a folder', async () => {
    const shut = {
      isFile: false,
      isDirectory: true,
      name: 'shut',
      createReader: () => ({
        readEntries: (_: unknown, failed: (e: DOMException) => void) =>
          failed(new DOMException('no', 'NoModificationAllowedError')),
      }),
    } as never;
    const all = await found(transfer([shut, fileEntry('e')]), 'x/');
    expect(problems(all)).toEqual([['x/e'], ['x/shut', 'file-unreadable']]);
    expect(all[1]).toMatchObject({ problem: { detail: expect.stringContaining('permissions') } });
  });

  it('is given up when the disk says nothing, as for a named pipe', async () => {
    jest.useFakeTimers();
    try {
      const pipe = { isFile: true, isDirectory: false, name: 'pipe', file: () => undefined } as never;
      const all = found(transfer([pipe, fileEntry('e')]), '');
      await jest.advanceTimersByTimeAsync(31_000);
      expect(problems(await all)).toEqual([['e'], ['pipe', 'file-unreadable']]);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('chosenFiles', () => {
  it('keeps the folder of a chosen folder, and writes names in their composed form', () => {
    const inFolder = new File(['x'], 'a\u0308.txt');
    Object.defineProperty(inFolder, 'webkitRelativePath', { value: 'album/a\u0308.txt' });
    expect(chosenFiles([inFolder, new File(['x'], 'b.txt')], 'x/').map((source) => source.path)).toEqual([
      'x/album/\u00e4.txt',
      'x/b.txt',
    ]);
  });
});
