import { render, screen, waitFor, within } from '@testing-library/angular';
import { fireEvent } from '@testing-library/dom';
import { routes, type Settings } from '@dfs/contracts';
import { FakeNode, node, peer } from '../../testing/fake-node.js';
import { SettingsPage } from './settings-page.js';

const SETTINGS: Settings = {
  name: 'anna-laptop',
  networkName: 'Studio Nord',
  replicas: 3,
  quotaBytes: 216_440_123_392,
  graceSeconds: 600,
  retentionSeconds: 30 * 86_400,
  retainedVersions: 5,
  syncPeriodSeconds: 60,
  limits: { uploadBytesPerSecond: null, downloadBytesPerSecond: null },
  limitSchedule: [],
  limitsNow: { uploadBytesPerSecond: null, downloadBytesPerSecond: null },
  timeZone: 'Europe/Berlin',
};

describe('SettingsPage', () => {
  let fake: FakeNode;
  const show = async (role: 'owner' | 'member' = 'owner') => {
    fake = new FakeNode();
    await render(SettingsPage, { providers: fake.providers });
    const told = node();
    await fake.signIn({ ...told, network: { ...told.network, role } });
    await fake.answerSoon('GET', routes.settings, SETTINGS);
    await fake.answerSoon('GET', routes.sessions, { items: [] });
    await fake.answerSoon('GET', routes.keys, { items: [] });
  };
  /** The change that the page asked for. */
  const patch = async (): Promise<unknown> => {
    const call = await waitFor(() => {
      const [found] = fake.http.match((request) => request.method === 'PATCH');
      expect(found).toBeDefined();
      return found;
    });
    const body = call?.request.body as Partial<Settings>;
    call?.flush({ ...SETTINGS, ...body, limits: { ...SETTINGS.limits, ...body.limits } });
    return body;
  };
  const form = async (heading: string) =>
    within((await screen.findByRole('heading', { name: heading })).closest('form') as HTMLElement);
  const type = (field: HTMLElement, value: string) => fireEvent.input(field, { target: { value } });
  const save = async (card: Awaited<ReturnType<typeof form>>) => {
    const button = card.getByRole('button', { name: 'Save' });
    await waitFor(() => expect(button.hasAttribute('disabled')).toBe(false));
    fireEvent.click(button);
  };
  afterEach(() => {
    fake.events.stop();
    document.querySelectorAll('dfs-toasts').forEach((toasts) => toasts.remove());
  });

  it('sends of the node what was changed alone: a size that is shown rounded stays as it is', async () => {
    await show();
    const card = await form('This node');
    await waitFor(() => expect(card.getByLabelText<HTMLInputElement>(/^Storage/).value).toBe('216.4'));
    expect(card.getByRole('button', { name: 'Save' }).hasAttribute('disabled')).toBe(true);
    type(card.getByLabelText(/^Sends at most/), '2.5');
    await save(card);
    expect(await patch()).toEqual({ limits: { uploadBytesPerSecond: 2_500_000, downloadBytesPerSecond: null } });
    expect(await screen.findByText('Saved.')).toBeTruthy();
  });

  it('sends a schedule whole, once each of its times is complete', async () => {
    await show();
    const card = await form('This node');
    fireEvent.click(card.getByRole('button', { name: 'Add a time' }));
    const entry = within(await card.findByRole('group', { name: 'Time 1' }));
    expect(card.getByText(/By the clock of the node \(Europe\/Berlin\)/)).toBeTruthy();
    fireEvent.click(entry.getByLabelText('Monday'));
    fireEvent.click(entry.getByLabelText('Sunday'));
    type(entry.getByLabelText('From'), '22:30');
    type(entry.getByLabelText('To'), '');
    await waitFor(() => expect(card.getByRole('button', { name: 'Save' }).hasAttribute('disabled')).toBe(true));
    type(entry.getByLabelText('To'), '06:00');
    type(entry.getByLabelText('Receives, MB/s'), '0.5');
    await save(card);
    const days = ['tue', 'wed', 'thu', 'fri', 'sun'];
    expect(await patch()).toEqual({
      limitSchedule: [
        { days, from: '22:30', to: '06:00', uploadBytesPerSecond: null, downloadBytesPerSecond: 500_000 },
      ],
    });
    await screen.findByText('Saved.');
    fireEvent.click(entry.getByRole('button', { name: 'Remove' }));
    await save(card);
    expect(await patch()).toEqual({ limitSchedule: [] });
  });

  it('lets an owner change the network, in the units that are shown', async () => {
    await show();
    const card = await form('Network');
    await waitFor(() => expect(card.getByLabelText<HTMLInputElement>(/^Grace/).value).toBe('10'));
    type(card.getByLabelText(/^Copies of each file/), '2');
    type(card.getByLabelText(/^Keep what was deleted/), '7');
    await save(card);
    expect(await patch()).toEqual({ replicas: 2, retentionSeconds: 7 * 86_400 });
  });

  it('shows the network to others, and says who may change it', async () => {
    await show('member');
    const card = await form('Network');
    expect(card.getByText(/Only an owner of the network can change it/)).toBeTruthy();
    await waitFor(() => expect(card.getByLabelText(/^Copies of each file/).hasAttribute('disabled')).toBe(true));
    expect(card.queryByRole('button', { name: 'Save' })).toBeNull();
  });

  it('has samples for the address of this node, in two languages, without a secret', async () => {
    await show();
    const samples = (name: string) => {
      const label = screen.getAllByLabelText(name).find((one) => one.tagName === 'PRE');
      return label?.textContent ?? '';
    };
    expect(samples('Upload a file')).toContain(
      `curl -H "Authorization: Bearer $DFS_KEY" -T photo.jpg '${document.baseURI}api/v1/files/content?path=`,
    );
    fireEvent.click(screen.getByRole('button', { name: 'JavaScript' }));
    await waitFor(() => expect(samples('Follow events')).toContain(`fetch('${document.baseURI}api/v1/events/stream'`));
    for (const name of ['List files', 'Upload a file', 'Follow events']) {
      expect(samples(name)).toContain('Bearer ${process.env.DFS_KEY}');
    }
  });

  it('shows the address of the drive, how each system comes to it, and the way to a key', async () => {
    await show();
    const drive = screen.getByRole('heading', { name: 'As a drive (WebDAV)' }).parentElement as HTMLElement;
    const card = within(drive);
    const shown = () => [...drive.querySelectorAll('pre')].map(({ textContent }) => textContent ?? '');
    expect(shown()[0]).toBe(`${document.baseURI}dav/`);
    expect(card.getByText(/^Windows sends no password over plain HTTP/)).toBeTruthy();
    for (const [name, text] of [
      ['macOS', `mount_webdav -i '${document.baseURI}dav/'`],
      ['Linux', `mount -t davfs -o "uid=$(id -u)" '${document.baseURI}dav/'`],
      ['rclone', `url='${document.baseURI}dav/'`],
    ] as const) {
      fireEvent.click(card.getByRole('button', { name }));
      await waitFor(() => expect(shown()[1]).toContain(text));
      expect(card.queryByText(/^Windows sends/)).toBeNull();
    }
    fireEvent.click(screen.getByRole('button', { name: 'Go to the keys' }));
    expect(document.activeElement).toBe(screen.getByLabelText('Name of the program'));
  });

  it('shows events as programs get them, by topic, and holds still while one reads', async () => {
    await show();
    const card = within((await screen.findByRole('heading', { name: 'Events, live' })).parentElement as HTMLElement);
    expect(await card.findByText(/No event yet/)).toBeTruthy();
    fake.tell('peer.connected', { peer: peer('berta') });
    fake.tell('sync.started', { peerId: 'peer-berta' });
    expect(await card.findByText('sync.started')).toBeTruthy();
    fireEvent.change(card.getByLabelText('Topic'), { target: { value: 'peer' } });
    await waitFor(() => expect(card.queryByText('sync.started')).toBeNull());
    fireEvent.click(card.getByRole('button', { name: 'Pause' }));
    fake.tell('peer.disconnected', { peer: peer('berta', { state: 'disconnected' }) });
    expect(await card.findByText('Paused, 1 more since')).toBeTruthy();
    expect(card.queryByText('peer.disconnected')).toBeNull();
    fireEvent.click(card.getByRole('button', { name: 'Go on' }));
    expect(await card.findByText('peer.disconnected')).toBeTruthy();
    const details = card.getByText('peer.connected').closest('details') as HTMLDetailsElement;
    details.open = true;
    fireEvent(details, new Event('toggle'));
    const json = await within(details).findByLabelText('peer.connected');
    expect(JSON.parse(json.textContent ?? '')).toMatchObject({ seq: 1, type: 'peer.connected' });
    expect(within(details).getByRole('button', { name: 'Copy as JSON' })).toBeTruthy();
  });

  it('makes a key, and shows its secret once', async () => {
    await show();
    type(screen.getByLabelText('Name of the program'), 'backup');
    const button = screen.getByRole('button', { name: 'Make a key' });
    await waitFor(() => expect(button.hasAttribute('disabled')).toBe(false));
    fireEvent.click(button);
    await fake.answerSoon(
      'POST',
      routes.keys,
      { id: 'k', name: 'backup', scope: 'read', token: 'dfs_secret', secret: 'the secret' },
      201,
    );
    expect(await screen.findByText('dfs_secret')).toBeTruthy();
    expect(screen.getByRole('heading', { name: 'Secret access key' }).nextElementSibling?.textContent).toContain(
      'the secret',
    );
    await fake.answerSoon('GET', routes.keys, {
      items: [{ id: 'k', name: 'backup', scope: 'read', state: 'active', lastUsedAt: null }],
    });
    fireEvent.click(await screen.findByRole('button', { name: 'Revoke' }));
    await fake.answerSoon('DELETE', routes.key('k'), null, 204);
  });
});
