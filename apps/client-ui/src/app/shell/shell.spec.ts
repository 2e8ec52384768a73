import { Component, signal } from '@angular/core';
import { DeferBlockBehavior } from '@angular/core/testing';
import { render, screen, waitFor, within } from '@testing-library/angular';
import { fireEvent } from '@testing-library/dom';
import { routes } from '@dfs/contracts';
import { FakeNode, file, node, peer } from '../../testing/fake-node.js';
import { Shell } from './shell.js';

/** In a browser the console signs in and listens before its frame is made. */
@Component({
  imports: [Shell],
  template: '@if (begun()) { <dfs-root /> }',
})
class Host {
  readonly begun = signal(false);
}

describe('Shell', () => {
  let fake: FakeNode;

  const show = async ({ isLive = false } = {}) => {
    fake = new FakeNode();
    const view = await render(Host, {
      providers: fake.providers,
      deferBlockBehavior: DeferBlockBehavior.Playthrough,
    });
    if (isLive) await fake.signIn();
    view.fixture.componentInstance.begun.set(true);
    return view;
  };
  const signIn = async () => {
    await fake.signIn();
    await fake.answerSoon('GET', routes.peers, { items: [peer('self', { state: 'self' }), peer('b'), peer('c')] });
  };
  afterEach(() => fake.events.stop());

  it('asks for the token, says where it is, and lets in', async () => {
    await show();
    expect(await screen.findByRole('heading', { name: 'Sign in to this node' })).toBeTruthy();
    expect(screen.getByText('api-token')).toBeTruthy();
    fireEvent.input(screen.getByLabelText('Token or link'), { target: { value: 'wrong' } });
    fireEvent.click(await screen.findByRole('button', { name: 'Sign in' }));
    await fake.answerSoon('POST', routes.session, { code: 'unauthorized', detail: 'No.' }, 401);
    expect(await screen.findByText('The node did not accept this token.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Sign in' }));
    await fake.answerSoon('POST', routes.session, '', 204);
    expect(await screen.findByRole('navigation', { name: 'Pages' })).toBeTruthy();
  });

  it('tells which node this is, with whom, and that it is live', async () => {
    await show();
    await signIn();
    expect(await screen.findByText('anna-laptop')).toBeTruthy();
    expect(screen.getByText('Studio Nord')).toBeTruthy();
    expect(await screen.findByText('2 of 2 peers')).toBeTruthy();
    expect(await screen.findByText('Live')).toBeTruthy();
    expect(screen.getByText(/^1 h( \d min)?$/)).toBeTruthy();
  });

  it('ticks on by itself, and follows what the node says', async () => {
    await show();
    await signIn();
    await screen.findByText(/^1 h( \d min)?$/);
    const { storage, files: fileTotals, network } = node();
    const tell = (uptimeSeconds: number) =>
      fake.tell('node.status', { uptimeSeconds, storage, fileTotals, network, connectedPeers: 1 }, false);
    tell(2);
    const before = (await screen.findByText(/^\d+ s$/)).textContent;
    await waitFor(() => expect(screen.getByText(/^\d+ s$/).textContent).not.toBe(before));
    tell(7200);
    expect(await screen.findByText(/^2 h( \d min)?$/)).toBeTruthy();
  });

  it('says that the node is gone, and what to do', async () => {
    await show();
    await signIn();
    await screen.findByText('Live');
    fake.vanish();
    expect(await screen.findByText('Offline')).toBeTruthy();
    expect(await screen.findByText('Not connected to this node.')).toBeTruthy();
    expect(screen.queryByText(/^1 h( \d min)?$/)).toBeNull();
    expect(screen.getByRole('button', { name: 'Try now' })).toBeTruthy();
  });

  it.each([false, true])(
    'says after an outage how much was missed, once (live before the frame: %s)',
    async (isLive) => {
      await show({ isLive });
      if (!isLive) await signIn();
      await screen.findByText('Live');
      fake.vanish();
      await screen.findByText('Offline');
      await waitFor(() => expect(fake.events.retryAt()).not.toBeNull());
      const item = (path: string) => {
        const { id, size, mediaType, contentId, modifiedAt, author, version } = file(path);
        return { id, path, size, mediaType, contentId, modifiedAt, author, version };
      };
      fake.comeBack(() => {
        fake.tell('file.uploaded', { files: ['a', 'b', 'c'].map(item) });
        fake.tell('peer.connected', { peer: peer('b') });
      });
      expect(await screen.findByText('Caught up, 4 changes.')).toBeTruthy();
      document.querySelectorAll('dfs-toasts').forEach((toasts) => toasts.remove());
    },
  );

  it('asks for a reload when the node runs another version than the page', async () => {
    await show();
    await signIn();
    await screen.findByText('Live');
    expect(screen.queryByText(/was updated to version/)).toBeNull();
    fake.vanish();
    await waitFor(() => expect(fake.events.retryAt()).not.toBeNull());
    fake.comeBack(() => undefined);
    await fake.answerSoon('GET', routes.node, node({ version: '0.2.0' }));
    expect(await screen.findByText(/was updated to version 0\.2\.0/)).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Reload' })).toBeTruthy();
  });

  it('says on every page that the node was removed, and what can be done', async () => {
    await show();
    await signIn();
    await screen.findByText('Live');
    const { storage, files, network } = node();
    const removed = { ...network, removed: true };
    fake.tell(
      'node.status',
      { uptimeSeconds: 7200, storage, fileTotals: files, network: removed, connectedPeers: 0 },
      false,
    );
    const banner = await screen.findByRole('alert');
    expect(banner.textContent).toContain('was removed from the network “Studio Nord”');
    expect(banner.textContent).toContain('new invite');
    expect(screen.getByText('Removed')).toBeTruthy();
    expect(screen.queryByText('Live')).toBeNull();
  });

  it('counts warnings that are still there', async () => {
    await show();
    await signIn();
    fake.tell('node.warning', { code: 'low-space', detail: 'The disk is nearly full.', active: true });
    const pages = screen.getByRole('navigation', { name: 'Pages' });
    expect(await within(pages).findByText('1')).toBeTruthy();
    fake.tell('node.warning', { code: 'low-space', detail: 'The disk is nearly full.', active: false });
    await waitFor(() => expect(within(pages).queryByText('1')).toBeNull());
  });

  it('goes back to signing in when the session ends', async () => {
    await show();
    await signIn();
    await screen.findByText('Live');
    fake.tell('peer.connected', { peer: peer('b') });
    await fake.answerSoon('GET', routes.peers, { code: 'unauthorized', detail: 'Signed out.' }, 401);
    expect(await screen.findByRole('heading', { name: 'Sign in to this node' })).toBeTruthy();
    expect(fake.events.state()).toBe('signed-out');
  });
});
