import { render, screen, waitFor, within } from '@testing-library/angular';
import { fireEvent } from '@testing-library/dom';
import { routes, type VersionInfo } from '@dfs/contracts';
import { FakeNode, file, peer } from '../../../testing/fake-node.js';
import { Versions } from '../detail/versions.js';

const ID = 'id-of-notes';
const version = (number: number, more: Partial<VersionInfo> = {}): VersionInfo => ({
  version: `v${number}`,
  kind: 'file',
  path: 'work/notes.txt',
  size: 4,
  mediaType: 'text/plain',
  contentId: `content-${number}`,
  author: 'peer-self',
  writtenAt: `2026-11-2${number}T12:00:00.000Z`,
  head: false,
  shown: false,
  imported: false,
  from: null,
  purged: false,
  local: 'whole',
  reachable: 3,
  ...more,
});
const NEWEST = version(3, { head: true, shown: true });

describe('the comparison of two versions', () => {
  let fake: FakeNode;
  afterEach(() => fake.events.stop());

  /** Opens it by the button of a version. */
  const compare = async (items: VersionInfo[], texts: Record<string, string> = {}) => {
    fake = new FakeNode();
    await render(Versions, { providers: fake.providers, inputs: { id: ID, round: 'one' } });
    await fake.signIn();
    await fake.answerSoon('GET', routes.peers, { items: [peer('self', { state: 'self' }), peer('berta')] });
    const list = { items, total: items.length, nextCursor: null };
    await fake.answerSoon('GET', routes.fileVersions(ID), list);
    const [button] = await screen.findAllByRole('button', { name: /^Compare the version/ });
    fireEvent.click(button as HTMLElement);
    const dialog = await screen.findByRole('dialog', { name: 'Versions of “notes.txt”' });
    await fake.answerSoon('GET', routes.fileVersions(ID), list);
    for (const [of, text] of Object.entries(texts)) await content(of, text);
    return dialog;
  };
  const content = async (of: string, text: string) => {
    const call = await waitFor(() => {
      const [found] = fake.http.match(
        ({ url, params }) => url === routes.fileContent(ID) && params.get('version') === of,
      );
      expect(found).toBeDefined();
      return found;
    });
    const bytes = new TextEncoder().encode(text);
    // Of this realm: that of the encoder may be another.
    const buffer = new ArrayBuffer(bytes.length);
    new Uint8Array(buffer).set(bytes);
    call?.flush(buffer);
  };
  const side = (dialog: HTMLElement, name: 'A' | 'B') =>
    within(within(dialog).getByRole('region', { name: `Version ${name}` }));
  const factsOf = (dialog: HTMLElement, name: 'A' | 'B') =>
    Object.fromEntries(
      side(dialog, name)
        .getAllByRole('term')
        .map((term) => [term.textContent, term.nextElementSibling?.textContent?.trim().replace(/\s+/g, ' ')]),
    );

  it('tells what is different, the older one first, and shows the lines', async () => {
    const older = version(2, { author: 'peer-berta', size: 6, local: 'none', reachable: 2 });
    const dialog = await compare([NEWEST, older], { v2: 'a\nb\nc\n', v3: 'a\nB\nc\nd\n' });
    await within(dialog).findByText('Different: 2 lines');
    expect(factsOf(dialog, 'A')).toMatchObject({
      'Written by': 'differs: berta',
      Size: 'differs: 6 B (6 bytes)',
      Type: 'text/plain',
      'On this node': 'differs: nothing; 2 copies in reach',
      'Content id': 'differs: content-2',
    });
    expect(factsOf(dialog, 'B')).toMatchObject({
      'Written by': 'differs: this node',
      'On this node': 'differs: all of it',
    });
    const rows = within(dialog).getAllByRole<HTMLTableRowElement>('row').slice(1);
    expect(rows.map(({ cells }) => [...cells].map((cell) => cell.textContent?.trim()))).toEqual([
      ['1', 'a', '1', 'a'],
      ['2', 'only in A: b', '2', 'only in B: B'],
      ['3', 'c', '3', 'c'],
      ['', '', '4', 'only in B: d'],
    ]);
  });

  it('restores either of them, but for the one that is shown already', async () => {
    const dialog = await compare([NEWEST, version(2)], { v2: 'a', v3: 'b' });
    expect(side(dialog, 'B').queryByRole('button', { name: /^Restore/ })).toBeNull();
    fireEvent.click(await side(dialog, 'A').findByRole('button', { name: /^Restore version A/ }));
    const problem = { code: 'read-only-member', detail: 'This node may not write.' };
    await fake.answerSoon('POST', routes.fileRestore(ID), problem, 403);
    await within(dialog).findByText('This node may not write.');
    fireEvent.click(side(dialog, 'A').getByRole('button', { name: /^Restore version A/ }));
    await fake.answerSoon('POST', routes.fileRestore(ID), file('work/notes.txt'));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  });

  it('compares any two, and says where there is nothing to be shown', async () => {
    const gone = version(1, { purged: true, local: 'none', reachable: 0 });
    const away = version(2, { local: 'part', reachable: 0, contentId: 'content-1' });
    const dialog = await compare([NEWEST, away, gone]);
    const choose = (name: 'A' | 'B', value: string) =>
      fireEvent.change(side(dialog, name).getByRole('combobox'), { target: { value } });
    await within(dialog).findByText('No copy of this version can be reached now.');
    choose('A', 'v1');
    await within(dialog).findByText('The bytes of this version are no longer kept.');
    expect(side(dialog, 'A').queryAllByRole('button')).toEqual([]);
    choose('B', 'v2');
    await within(dialog).findByText('Both versions have the same content.');
    choose('A', 'v3');
    choose('B', 'v3');
    await within(dialog).findByText('Both versions have the same content.');
  });
});
