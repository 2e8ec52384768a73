import { TestBed } from '@angular/core/testing';
import { ApiProblem } from '@dfs/client-data';
import { fireEvent, screen, waitFor, within } from '@testing-library/dom';
import { render } from '@testing-library/angular';
import { FakeNode } from '../../testing/fake-node.js';
import { Failures, type Failure } from './failures.js';
import { WorkBeacon } from './work-beacon.js';
import { WorkPanel } from './work-panel.js';

const failure = (more: Partial<Failure> = {}): Failure => ({
  text: '“a.txt” could not be moved.',
  problem: new ApiProblem({ code: 'path-exists', status: 409, detail: 'There is a file b.txt.', requestId: '4f1c' }),
  meaning: 'It stays where it is.',
  about: ['in/a.txt'],
  ...more,
});

describe('failures of acts', () => {
  let fake: FakeNode;
  let failures: Failures;
  const drawer = () => within(screen.getByRole('region', { name: 'Work' }));

  beforeEach(async () => {
    localStorage.clear();
    fake = new FakeNode();
    await render(WorkPanel, { providers: fake.providers });
    failures = TestBed.inject(Failures);
  });
  afterEach(() => fake.events.stop());

  it('stay in the drawer, which they open, and are counted, until a person leaves them', async () => {
    const beacon = TestBed.inject(WorkBeacon);
    beacon.close();
    expect(beacon.shown()).toBe(false);
    failures.tell(failure());
    failures.tell(failure({ text: 'The download could not begin.' }));
    expect(beacon.shown()).toBe(true);
    expect(beacon.signs().waiting).toBe(2);
    expect(await drawer().findByRole('heading', { name: '2 actions failed' })).toBeTruthy();
    expect(drawer().getByText('“a.txt” could not be moved.')).toBeTruthy();
    fireEvent.click(drawer().getByRole('button', { name: 'Leave it: The download could not begin.' }));
    expect(await drawer().findByRole('heading', { name: '1 action failed' })).toBeTruthy();
    failures.leave();
    await waitFor(() => expect(drawer().queryByRole('list', { name: 'Failures' })).toBeNull());
    expect(beacon.signs()).toEqual({ active: 0, waiting: 0, any: false });
  });

  it('are said to a screen reader at once', async () => {
    failures.tell(failure());
    await waitFor(() => {
      const said = document.querySelector('.cdk-live-announcer-element');
      expect(said?.getAttribute('aria-live')).toBe('assertive');
      expect(said?.textContent).toContain('“a.txt” could not be moved.');
      expect(said?.textContent).toContain('There is a file b.txt.');
    });
  });

  it('say what happened, what it means, what to do, their code, and are tried again', async () => {
    let tries = 0;
    failures.tell(failure({ again: () => (tries += 1) }));
    fireEvent.click(await drawer().findByRole('button', { name: 'What happened: “a.txt” could not be moved.' }));
    const dialog = within(await screen.findByRole('dialog', { name: '“a.txt” could not be moved.' }));
    expect(dialog.getByText('in/a.txt')).toBeTruthy();
    expect(dialog.getByText(/There is a file b\.txt\.$/)).toBeTruthy();
    expect(dialog.getByText('It stays where it is.')).toBeTruthy();
    expect(dialog.getByText('path-exists · 4f1c')).toBeTruthy();
    expect(dialog.getByRole('button', { name: 'Copy the details' })).toBeTruthy();
    fireEvent.click(dialog.getByRole('button', { name: 'Try again' }));
    expect(tries).toBe(1);
    await waitFor(() => expect(drawer().queryByRole('list', { name: 'Failures' })).toBeNull());
  });

  it.each(['unreachable', 'connection-cut', 'timeout', 'unexpected-answer'] as const)(
    'claim to know nothing where no answer came: %s',
    async (code) => {
      failures.tell(failure({ problem: new ApiProblem({ code }) }));
      failures.explain(failures.kept()[0]!);
      const dialog = within(await screen.findByRole('dialog'));
      expect(dialog.getByText(/it may have done this, or not/)).toBeTruthy();
      expect(dialog.queryByText('It stays where it is.')).toBeNull();
    },
  );

  it('are kept in a bounded number, the newest first', () => {
    for (let n = 0; n < 60; n++) failures.tell(failure({ text: `${n}` }));
    expect(failures.kept().map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, n) => `${59 - n}`));
  });
});

describe('the drawer', () => {
  it('is waited for by what is to come, where it is to be there', async () => {
    TestBed.configureTestingModule({ providers: new FakeNode().providers });
    localStorage.clear();
    const beacon = TestBed.inject(WorkBeacon);
    // Nothing is to be shown: nothing is waited for.
    await beacon.drawn();
    beacon.tell({ active: 1, waiting: 0, any: true });
    let isSeen = false;
    const waiting = beacon.drawn().then(() => expect(isSeen).toBe(true));
    isSeen = true;
    beacon.drew(true);
    await waiting;
    await beacon.drawn();
  });

  it('tells that it was drawn', async () => {
    const fake = new FakeNode();
    const view = await render(WorkPanel, { providers: fake.providers });
    const told: boolean[] = [];
    TestBed.inject(WorkBeacon).drew = (isDrawn) => told.push(isDrawn);
    await waitFor(() => expect(told).toEqual([true]));
    view.fixture.destroy();
    expect(told).toEqual([true, false]);
    fake.events.stop();
  });
});
