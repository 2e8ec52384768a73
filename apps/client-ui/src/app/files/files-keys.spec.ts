import { jest } from '@jest/globals';
import { DeferBlockBehavior } from '@angular/core/testing';
import { render, screen, waitFor, within } from '@testing-library/angular';
import { fireEvent } from '@testing-library/dom';
import { routes, type BatchRequest, type FileInfo } from '@dfs/contracts';
import { FakeNode, file, peer } from '../../testing/fake-node.js';
import { giveRoom } from '../../testing/layout.js';
import { FilesPage } from './files-page.js';

beforeAll(giveRoom);

const ACT = 'a'.repeat(32);
const paths = () => [...document.querySelectorAll<HTMLElement>('[data-path]')].map(({ dataset }) => dataset['path']);
const focused = () => (document.activeElement as HTMLElement | null)?.dataset['path'];
/** Pressed where the focus is. */
const press = (key: string, more: KeyboardEventInit = {}) =>
  fireEvent.keyDown(document.activeElement ?? document.body, { key, ...more });

describe('keys and clicks in a list that changes', () => {
  let fake: FakeNode;

  const show = async (names: readonly string[]) => {
    fake = new FakeNode();
    fake.files = names.map((name) => file(name));
    await render(FilesPage, { providers: fake.providers, deferBlockBehavior: DeferBlockBehavior.Playthrough });
    await fake.signIn();
    await fake.answerSoon('GET', routes.peers, { items: [peer('self', { state: 'self' })] });
    await listed(names);
  };
  const listed = (names: readonly string[]) =>
    waitFor(() => {
      fake.answerLists();
      expect(paths()).toEqual(names);
    });
  const rowOf = (path: string) => {
    const row = document.querySelector<HTMLElement>(`[data-path="${path}"]`);
    if (row === null) throw new Error(`no row ${path}`);
    return row;
  };
  /** The list as others have made it. */
  const becomes = async (names: readonly string[], told: FileInfo) => {
    fake.files = names.map((name) => file(name));
    fake.tell('file.uploaded', { files: [told] });
    await listed(names);
  };
  /** Frames of the screen come once they are released. */
  const holdFrames = () => {
    const held: FrameRequestCallback[] = [];
    const frames = jest.spyOn(globalThis, 'requestAnimationFrame').mockImplementation((frame) => held.push(frame));
    return () => {
      frames.mockRestore();
      for (const frame of held) frame(performance.now());
    };
  };
  /** The files of the next act, which is done. */
  const acted = async (): Promise<(string | undefined)[]> => {
    const call = await waitFor(() => {
      const [found] = fake.http.match((request) => request.url === routes.filesBatch);
      expect(found).toBeDefined();
      return found;
    });
    const { items = [] } = call?.request.body as BatchRequest;
    const results = items.map(({ id }) => ({ id, path: 'p', status: 204 }));
    call?.flush({ act: ACT, results }, { status: 207, statusText: 'Multi-Status' });
    return items.map(({ id }) => id);
  };
  const noneActed = () => expect(fake.http.match((request) => request.url === routes.filesBatch)).toEqual([]);
  const idsOf = (...names: string[]) => names.map((name) => file(name).id);

  afterEach(() => {
    fake.events.stop();
    jest.restoreAllMocks();
    document.querySelectorAll('dfs-toasts').forEach((toasts) => toasts.remove());
  });

  it('a key is meant for the row that one stands on, also before the focus has followed it', async () => {
    await show(['b.txt', 'c.txt']);
    rowOf('b.txt').focus();
    const release = holdFrames();
    await becomes(['a.txt', 'b.txt', 'c.txt'], file('a.txt'));
    // The row that has the focus shows another file now.
    expect(focused()).toBe('a.txt');
    press('Delete');
    fake.files = ['a.txt', 'c.txt'].map((name) => file(name));
    expect(await acted()).toEqual(idsOf('b.txt'));
    release();
  });

  it('so are the keys that rename, pick, copy, and open the menu', async () => {
    await show(['b.txt', 'c.txt']);
    rowOf('b.txt').focus();
    const release = holdFrames();
    await becomes(['a.txt', 'b.txt', 'c.txt'], file('a.txt'));
    press(' ');
    await waitFor(() => expect(rowOf('b.txt').getAttribute('aria-selected')).toBe('true'));
    expect(rowOf('a.txt').getAttribute('aria-selected')).toBe('false');
    press('Escape');
    press('F10', { shiftKey: true });
    expect(await screen.findByRole('menuitem', { name: /Rename/ })).toBeTruthy();
    expect(rowOf('b.txt').getAttribute('aria-selected')).toBe('true');
    fireEvent.keyDown(screen.getByRole('menu'), { key: 'Escape', keyCode: 27 });
    await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
    release();
    rowOf('b.txt').focus();
    press('F2');
    expect(await screen.findByRole('heading', { name: 'Rename “b.txt”' })).toBeTruthy();
  });

  it('the focus goes along with its row', async () => {
    await show(['b.txt', 'c.txt']);
    rowOf('b.txt').focus();
    await becomes(['a.txt', 'b.txt', 'c.txt'], file('a.txt'));
    await waitFor(() => expect(focused()).toBe('b.txt'));
  });

  it('a dialog gives the focus back to the row, wherever that is by then', async () => {
    await show(['b.txt', 'c.txt']);
    rowOf('b.txt').focus();
    press('F2');
    const dialog = await screen.findByRole('dialog');
    await becomes(['a.txt', 'b.txt', 'c.txt'], file('a.txt'));
    fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(focused()).toBe('b.txt'));
    press('Delete');
    expect(await acted()).toEqual(idsOf('b.txt'));
  });

  it('where the row is gone by the hand of others nothing is done, and that is said; then the next row is meant', async () => {
    await show(['a.txt', 'b.txt', 'c.txt']);
    rowOf('b.txt').focus();
    fake.files = ['a.txt', 'c.txt'].map((name) => file(name));
    fake.tell('file.deleted', { files: [file('b.txt')] });
    await listed(['a.txt', 'c.txt']);
    press('Delete');
    expect(await screen.findByText('“b.txt” is no longer here: nothing was done.')).toBeTruthy();
    noneActed();
    press('Delete');
    expect(await acted()).toEqual(idsOf('c.txt'));
  });

  it('after a deletion of one’s own the next row is stood on', async () => {
    await show(['a.txt', 'b.txt', 'c.txt']);
    rowOf('b.txt').focus();
    press('Delete');
    fake.files = ['a.txt', 'c.txt'].map((name) => file(name));
    expect(await acted()).toEqual(idsOf('b.txt'));
    await listed(['a.txt', 'c.txt']);
    press('Delete');
    expect(await acted()).toEqual(idsOf('c.txt'));
  });

  it('a key that is held down deletes one file', async () => {
    await show(['a.txt', 'b.txt']);
    rowOf('a.txt').focus();
    press('Delete');
    press('Delete', { repeat: true });
    fake.files = [file('b.txt')];
    expect(await acted()).toEqual(idsOf('a.txt'));
    await listed(['b.txt']);
    press('Delete', { repeat: true });
    noneActed();
  });

  it('a press is meant for the row that was there when the button went down', async () => {
    await show(['b.txt', 'c.txt']);
    const line = rowOf('b.txt');
    fireEvent.mouseDown(line);
    const release = holdFrames();
    await becomes(['a.txt', 'b.txt', 'c.txt'], file('a.txt'));
    fireEvent.click(line, { detail: 1, ctrlKey: true });
    await waitFor(() => expect(rowOf('b.txt').getAttribute('aria-selected')).toBe('true'));
    expect(rowOf('a.txt').getAttribute('aria-selected')).toBe('false');
    release();
  });

  it('the last row gone, the focus is where files can be added, and keys work there', async () => {
    await show(['a.txt']);
    rowOf('a.txt').focus();
    press('Delete');
    fake.files = [];
    await acted();
    await waitFor(() => {
      fake.answerLists();
      expect(screen.getByText('No files yet')).toBeTruthy();
    });
    await waitFor(() => expect(document.activeElement?.classList.contains('nothing')).toBe(true));
    press('z', { ctrlKey: true });
    const call = await waitFor(() => {
      const [found] = fake.http.match((sent) => sent.url === `${routes.folders}/restore`);
      expect(found).toBeDefined();
      return found;
    });
    expect(call?.request.body).toEqual({ path: '', act: ACT, confirm: true });
    fake.files = [file('a.txt')];
    call?.flush({ act: 'b'.repeat(32), files: 1, bytes: 1, folders: 0, deleted: 0, skipped: [], skippedTotal: 0 });
    await listed(['a.txt']);
    await waitFor(() => expect(focused()).toBe('a.txt'));
  });
});
