import { TestBed } from '@angular/core/testing';
import { file } from '../../../testing/fake-node.js';
import { RowDrag } from './row-drag.js';
import type { Row } from './rows.js';

const rowOf = (path: string): Row => ({ kind: 'file', key: path, path, file: file(path) });
const folder: Row = {
  kind: 'folder',
  key: 'a/b/',
  path: 'a/b/',
  folder: { name: 'b', path: 'a/b/', files: 1, bytes: 1, newest: null, worst: null },
};

/** Stands for the data that a browser gives along with a drag. */
function transfer(): DataTransfer {
  const data = new Map<string, string>();
  const given = {
    effectAllowed: 'uninitialized',
    setData: (type: string, text: string) => void data.set(type, text),
    getData: (type: string) => data.get(type),
    setDragImage: () => undefined,
    get types() {
      return [...data.keys()];
    },
  };
  return given as unknown as DataTransfer;
}

describe('RowDrag', () => {
  const begin = (...rows: Row[]) => {
    const drag = TestBed.inject(RowDrag);
    const dataTransfer = transfer();
    drag.begin(dataTransfer, rows);
    const into = (to: string, keys: { ctrlKey?: boolean } = {}) =>
      drag.into(to, { ctrlKey: false, altKey: false, dataTransfer, ...keys } as DragEvent);
    return { drag, dataTransfer, into };
  };

  it('moves into another folder, and copies while Ctrl is held', () => {
    const rows = [rowOf('a/one.txt'), folder];
    const { into, dataTransfer } = begin(...rows);
    expect(into('c/')).toEqual({ op: 'move', rows, to: 'c/' });
    expect(into('', { ctrlKey: true })).toEqual({ op: 'copy', rows, to: '' });
    expect(dataTransfer.getData('text/plain')).toBe('a/one.txt\na/b/');
  });

  it('goes neither into itself nor to where all of it is', () => {
    const { into } = begin(folder, rowOf('a/one.txt'));
    expect([into('a/b/'), into('a/b/c/'), into('a/')]).toEqual([null, null, null]);
    expect(into('a/bc/')).not.toBeNull();
    // A search shows files of several folders: the one that is elsewhere comes along.
    expect(begin(rowOf('a/one.txt'), rowOf('d/two.txt')).into('a/')).not.toBeNull();
  });

  it('is nothing once it has ended, nor for what others drag', () => {
    const { drag, into } = begin(rowOf('a/one.txt'));
    const foreign = { ctrlKey: false, altKey: false, dataTransfer: transfer() } as unknown as DragEvent;
    expect(drag.into('c/', foreign)).toBeNull();
    drag.end();
    expect(into('c/')).toBeNull();
  });
});
