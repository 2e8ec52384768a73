import { file } from '../../../testing/fake-node.js';
import type { Row } from '../list/rows.js';
import { RowClipboard } from './row-clipboard.js';

const rows = ['a/one.txt', 'a/two.txt'].map((path): Row => ({ kind: 'file', key: path, path, file: file(path) }));
/** The browser's event; answers what it puts on the clipboard by itself, or is told to. */
const copy = (clipboard: RowClipboard): string => {
  let text = 'what was selected';
  const clipboardData = { setData: (_: string, given: string) => (text = given) };
  const event = Object.assign(new Event('copy', { cancelable: true }), { clipboardData });
  clipboard.copied(event as unknown as ClipboardEvent);
  expect(event.defaultPrevented).toBe(text !== 'what was selected');
  return text;
};

describe('rows that are kept for pasting', () => {
  it('by a key put their paths on the clipboard, once', () => {
    const clipboard = new RowClipboard({ copy: () => false });
    expect(copy(clipboard)).toBe('what was selected');
    clipboard.keep({ op: 'copy', rows }, true);
    expect(copy(clipboard)).toBe('a/one.txt\na/two.txt');
    expect(copy(clipboard)).toBe('what was selected');
  });

  it('by a menu do so at once', () => {
    const copied: string[] = [];
    const clipboard = new RowClipboard({ copy: (text) => copied.push(text) > 0 });
    clipboard.keep({ op: 'copy', rows }, false);
    expect(copied).toEqual(['a/one.txt\na/two.txt']);
    expect(copy(clipboard)).toBe('what was selected');
  });

  it('are pasted as often as one likes; those that were cut, once', () => {
    const clipboard = new RowClipboard({ copy: () => true });
    clipboard.keep({ op: 'copy', rows }, true);
    for (let n = 0; n < 2; n++) expect(clipboard.take()).toEqual({ op: 'copy', rows });
    clipboard.keep({ op: 'move', rows }, true);
    expect(clipboard.take()).toEqual({ op: 'move', rows });
    expect(clipboard.take()).toBeNull();
  });
});
