import { TestBed } from '@angular/core/testing';
import { render, screen, waitFor, within } from '@testing-library/angular';
import { fireEvent } from '@testing-library/dom';
import { routes, type PeerInfo } from '@dfs/contracts';
import { FakeNode, node, peer, summary } from '../../testing/fake-node.js';
import { PeersPage } from './peers-page.js';
import { PeersState } from './peers-state.js';

describe('PeersPage', () => {
  let fake: FakeNode;
  const self = peer('self', { state: 'self', role: 'owner' });

  const show = async (peers: PeerInfo[], role: 'owner' | 'member' = 'owner') => {
    fake = new FakeNode();
    await render(PeersPage, { providers: fake.providers });
    const network = { id: 'n', name: 'Studio Nord', members: peers.length, role };
    await fake.signIn(node({ network }));
    // The stream of events comes to life meanwhile, and has the list read again: an answer may come for nothing.
    await waitFor(() => {
      fake.answer('GET', routes.peers, { items: peers });
      expect(screen.queryByText('Loading')).toBeNull();
    });
  };
  afterEach(() => fake.events.stop());

  it('shows this node first, then the others, with what is known of them', async () => {
    const away = peer('zoe', { state: 'disconnected', lastSeenAt: null, latencyMs: null, storage: null });
    await show([away, peer('berta', { latencyMs: 12.3 }), self]);
    await screen.findByText('12 ms');
    expect(screen.getAllByRole('article').map((card) => card.getAttribute('aria-label'))).toEqual([
      'self',
      'berta',
      'zoe',
    ]);
    expect(within(screen.getByRole('article', { name: 'zoe' })).getByText('Away')).toBeTruthy();
    expect(within(screen.getByRole('article', { name: 'zoe' })).getByText('never')).toBeTruthy();
    expect(screen.getByText('3 nodes, 1 connected to this one')).toBeTruthy();
  });

  it('teaches what to do when alone', async () => {
    await show([self]);
    expect(await screen.findByText('This node is alone in its network')).toBeTruthy();
  });

  it('tells how much more fits into the network, the room of each node, and which nodes came and went', async () => {
    await show([self, peer('berta')]);
    const panel = async (name: string) =>
      within((await screen.findByRole('heading', { name })).parentElement as HTMLElement);
    const room = await panel('Room on the nodes');
    expect(room.getByText(/is told once enough nodes are connected/)).toBeTruthy();
    await fake.answerSoon('GET', routes.summary, summary({ safe: 1 }));
    expect(await room.findByText('About 3 GB more fit, with 2 copies of each file.')).toBeTruthy();
    expect(room.getAllByText('1 GB of 4 GB')).toHaveLength(2);
    fake.tell('peer.disconnected', { peer: peer('berta', { state: 'disconnected' }) });
    const comings = await panel('Comings and goings');
    expect(await comings.findByText('Lost the connection to a node')).toBeTruthy();
    expect(comings.getByText('berta')).toBeTruthy();
  });

  it('shows a part of many nodes, more when told, and finds one by its name, its id or an address', async () => {
    const others = Array.from({ length: 59 }, (_, n) =>
      peer(`node ${n + 1}`, { addresses: [`/ip4/10.0.0.${n + 1}/tcp/4001`] }),
    );
    await show([self, ...others]);
    const names = () => screen.getAllByRole('article').map((card) => card.getAttribute('aria-label'));
    await screen.findByRole('article', { name: 'node 2' });
    expect(names()).toEqual(['self', ...others.slice(0, 23).map(({ name }) => name)]);
    fireEvent.click(screen.getByRole('button', { name: 'Show 24 more' }));
    fireEvent.click(await screen.findByRole('button', { name: 'Show 12 more' }));
    await waitFor(() => expect(names()).toHaveLength(60));
    expect(screen.queryByRole('button', { name: /^Show/ })).toBeNull();
    const find = screen.getByRole('searchbox', { name: 'Find a node' });
    for (const [wanted, found] of [
      ['NODE 41', 'node 41'],
      [others[32]?.peerId ?? '', 'node 33'],
      ['10.0.0.57', 'node 57'],
    ] as const) {
      fireEvent.input(find, { target: { value: wanted } });
      await waitFor(() => expect(names()).toEqual([found]));
    }
    fireEvent.input(find, { target: { value: 'nowhere' } });
    await screen.findByText('No node has this name, id or address.');
  });

  it('names of many nodes those that are fullest', async () => {
    const storage = { bytes: 1, chunks: 1, quotaBytes: 100, freeBytes: 1000 };
    const others = Array.from({ length: 20 }, (_, n) => peer(`node ${n}`, { storage: { ...storage, bytes: 4 * n } }));
    await show([peer('self', { state: 'self', role: 'owner', storage: null }), ...others]);
    const room = within(
      (await screen.findByRole('heading', { name: 'Room on the nodes' })).parentElement as HTMLElement,
    );
    expect(room.getAllByRole('meter').map((meter) => meter.getAttribute('aria-valuenow'))).toEqual(
      [76, 72, 68, 64, 60, 56, 52, 48, 44, 40, 36, 32].map(String),
    );
    expect(room.getByText('and 9 more, with more room')).toBeTruthy();
  });

  it('reads again when an event says that something changed', async () => {
    await show([self]);
    await screen.findByText('This node is alone in its network');
    fake.tell('peer.added', { peer: peer('berta') });
    await fake.answerSoon('GET', routes.peers, { items: [self, peer('berta')] });
    expect(await screen.findByRole('article', { name: 'berta' })).toBeTruthy();
    expect(screen.queryByText('This node is alone in its network')).toBeNull();
  });

  it('keeps of a list that is read again what is equal in it', async () => {
    const [berta, zoe] = [peer('berta'), peer('zoe', { state: 'disconnected' })];
    await show([self, berta, zoe]);
    await screen.findByRole('article', { name: 'zoe' });
    const { peers } = TestBed.inject(PeersState);
    /** As an answer brings it. */
    const copy = (list: unknown): unknown => JSON.parse(JSON.stringify(list));
    const before = peers();
    fake.tell('peer.connected', { peer: berta });
    await fake.answerSoon('GET', routes.peers, { items: copy([zoe, { ...berta, latencyMs: 77 }, self]) });
    await screen.findByText('77 ms');
    expect(peers()?.map((one) => before?.includes(one))).toEqual([true, false, true]);
    const then = peers();
    fake.tell('peer.connected', { peer: berta });
    await fake.answerSoon('GET', routes.peers, { items: copy(then) });
    await waitFor(() => expect(TestBed.inject(PeersState).loading()).toBe(false));
    expect(peers()).toBe(then);
  });

  it('tells running times, those of a moment by the second, and none of a node that is away', async () => {
    const [berta, zoe] = [peer('berta', { uptimeSeconds: 2 }), peer('zoe', { state: 'disconnected' })];
    await show([self, berta, peer('carl', { uptimeSeconds: 3660 }), zoe]);
    await screen.findByRole('article', { name: 'zoe' });
    const uptime = (name: string): string => {
      const card = within(screen.getByRole('article', { name }));
      return card.getByText('Uptime').parentElement?.querySelector('dd')?.textContent ?? '';
    };
    await waitFor(() => expect(uptime('berta')).toMatch(/^\d+ s$/));
    expect(uptime('carl')).toBe('1 h 1 min');
    const before = uptime('berta');
    await waitFor(() => expect(uptime('berta')).not.toBe(before));
    expect(uptime('zoe')).toBe('–');
  });

  it('says what went wrong and tries again', async () => {
    await show([self]);
    await screen.findByRole('article', { name: 'self' });
    fake.tell('peer.added', { peer: peer('berta') });
    await fake.answerSoon('GET', routes.peers, { code: 'forbidden', detail: 'Not with this token.' }, 403);
    expect(await screen.findByText('Not with this token.')).toBeTruthy();
    // Known facts stay.
    expect(screen.getByRole('article', { name: 'self' })).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await fake.answerSoon('GET', routes.peers, { items: [self] });
    await waitFor(() => expect(screen.queryByText('Not with this token.')).toBeNull());
  });

  it('only an owner invites', async () => {
    await show([self], 'member');
    const button = await screen.findByRole('button', { name: 'Invite a node' });
    await waitFor(() => expect(button.hasAttribute('disabled')).toBe(true));
  });

  it('makes an invite with the chosen role, and shows the ticket once', async () => {
    await show([self, peer('b')]);
    fireEvent.click(await screen.findByRole('button', { name: 'Invite a node' }));
    const dialog = await screen.findByRole('dialog');
    fireEvent.click(within(dialog).getByRole('radio', { name: /^Storage/ }));
    fireEvent.click(within(dialog).getByRole('button', { name: 'Make a ticket' }));
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    await fake.answerSoon('POST', routes.invites, { ticket: 'dfs1secret', role: 'storage', expiresAt });
    const field = await within(dialog).findByLabelText<HTMLTextAreaElement>('Ticket');
    expect(field.value).toBe('dfs1secret');
    expect(within(dialog).getByText(/is good for 24 h/)).toBeTruthy();
  });

  it('joins with a ticket that was broken into lines, and says why one is refused', async () => {
    await show([self]);
    fireEvent.click((await screen.findAllByRole('button', { name: 'Join a network' }))[0] as HTMLElement);
    const dialog = await screen.findByRole('dialog');
    fireEvent.input(within(dialog).getByLabelText('Ticket'), { target: { value: ' dfs1ab\n cd ' } });
    fireEvent.click(await within(dialog).findByRole('button', { name: 'Join' }));
    await waitFor(() => {
      const [call] = fake.http.match(routes.join);
      expect(call?.request.body).toEqual({ ticket: 'dfs1abcd' });
      call?.flush({ code: 'ticket-expired', detail: 'Good until yesterday.' }, { status: 410, statusText: 'Gone' });
    });
    expect(await within(dialog).findByText('This invite has expired')).toBeTruthy();
  });

  it('removes a node after asking, and asks again when it holds the only copy', async () => {
    await show([self, peer('berta')]);
    fireEvent.click(await screen.findByRole('button', { name: 'More for berta' }));
    fireEvent.click(await screen.findByRole('menuitem', { name: 'Remove from the network' }));
    fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Remove' }));
    const problem = { code: 'last-copy', detail: 'berta alone holds 3 files.', count: 3 };
    await fake.answerSoon('DELETE', routes.peer('peer-berta'), problem, 409);
    fireEvent.click(await screen.findByRole('button', { name: 'Remove and lose it' }));
    await waitFor(() => {
      const [call] = fake.http.match((request) => request.method === 'DELETE');
      expect(call?.request.urlWithParams).toContain('confirm=true');
      call?.flush(null, { status: 204, statusText: 'No Content' });
    });
    expect(await screen.findByText('berta was removed from the network.')).toBeTruthy();
  });
});
