import { HttpEventType, type HttpRequest } from '@angular/common/http';
import type { TestRequest } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { ApiProblem } from '@dfs/client-data';
import { routes, type FileInfo } from '@dfs/contracts';
import { fireEvent, screen, waitFor } from '@testing-library/dom';
import { FakeNode, file as fileInfo, node } from '../../../testing/fake-node.js';
import { UploadQueue } from './upload-queue.js';

const BIG = 1_000_000;

describe('UploadQueue', () => {
  let fake: FakeNode;
  let queue: UploadQueue;
  /** The files of the node, by path. */
  let there: Map<string, FileInfo>;
  const entry = (path: string, size: number) => ({ path, file: new File([new Uint8Array(size)], path) });
  /** A file that the disk does not give. */
  const broken = (path: string, size: number) => {
    const file = new File([new Uint8Array(size)], path);
    const fails = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
    file.arrayBuffer = fails;
    file.slice = () => ({ size: 1, arrayBuffer: fails }) as unknown as Blob;
    return { path, file };
  };
  const isUpload = (request: HttpRequest<unknown>) =>
    request.url === routes.filesContent || (request.url === routes.files && request.method === 'POST');
  const answerLookUps = () => {
    for (const call of fake.http.match((request) => request.url === routes.filesLookup)) {
      const { paths } = call.request.body as { paths: string[] };
      if (!call.cancelled) call.flush({ results: paths.map((path) => ({ path, file: there.get(path) ?? null })) });
    }
  };
  /** The uploads that are sent, once there are so many; look-ups are answered on the way. */
  const calls = async (count: number): Promise<TestRequest[]> => {
    const found: TestRequest[] = [];
    await waitFor(() => {
      answerLookUps();
      found.push(...fake.http.match(isUpload).filter((call) => !call.cancelled));
      expect(found.length).toBeGreaterThanOrEqual(count);
    });
    return found;
  };
  const states = () => queue.items().map((item) => item.state());
  /** The answer to the question what becomes of names that exist, once it is asked. */
  const answer = async (choice: 'Replace' | 'Keep both' | 'Skip') => {
    const button = await waitFor(() => {
      answerLookUps();
      return screen.getByRole('button', { name: choice });
    });
    fireEvent.click(button);
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  };
  const pathsOf = (call: TestRequest | undefined) => (call?.request.body as FormData).getAll('path');

  beforeEach(() => {
    localStorage.clear();
    fake = new FakeNode();
    there = new Map();
    TestBed.configureTestingModule({ providers: fake.providers });
    queue = TestBed.inject(UploadQueue);
  });

  afterEach(() => {
    queue.cancel(queue.items());
    fake.events.stop();
  });

  it('sends a few at a time, and the next when one is done', async () => {
    queue.add(['a', 'b', 'c', 'd'].map((path) => entry(path, BIG)));
    const sent = await calls(3);
    expect(sent.map((call) => call.request.params.get('path')).sort()).toEqual(['a', 'b', 'c']);
    sent.find((call) => call.request.params.get('path') === 'a')?.flush(fileInfo('a'), { status: 201, statusText: '' });
    expect((await calls(1)).map((call) => call.request.params.get('path'))).toEqual(['d']);
    expect(states()).toEqual(['done', 'sending', 'sending', 'sending']);
  });

  it('tells progress, and that the node still has to store what has arrived', async () => {
    queue.add([entry('a', BIG)]);
    const [call] = await calls(1);
    call?.event({ type: HttpEventType.UploadProgress, loaded: 400_000, total: BIG });
    expect(queue.bytes()).toEqual({ total: BIG, sent: 400_000, stored: 0 });
    expect(states()).toEqual(['sending']);
    call?.event({ type: HttpEventType.UploadProgress, loaded: BIG, total: BIG });
    expect(states()).toEqual(['storing']);
    expect(queue.active()).toBe(1);
    call?.flush(fileInfo('a'));
    expect(states()).toEqual(['done']);
    expect(queue.active()).toBe(0);
  });

  it('puts many small files into one request, and takes each one’s own result', async () => {
    queue.add([entry('big', BIG), entry('s1', 10), entry('s2', 20), entry('s3', 30)]);
    const sent = await calls(2);
    const many = sent.find((call) => call.request.method === 'POST');
    expect(sent.find((call) => call !== many)?.request.method).toBe('PUT');
    expect(pathsOf(many)).toEqual(['s1', 's2', 's3']);
    const problem = { code: 'invalid-path', detail: 'No.', status: 400 };
    const results = [
      { path: 's1', status: 201, file: fileInfo('s1') },
      { path: 's2', status: 400, problem },
      { path: 's3', status: 200, file: fileInfo('s3') },
    ];
    many?.flush({ results }, { status: 207, statusText: 'Multi-Status' });
    await waitFor(() => expect(states()).toEqual(['sending', 'done', 'failed', 'done']));
    expect(queue.items()[2]?.problem()).toMatchObject({ code: 'invalid-path', detail: 'No.' });
  });

  it('bounds a request by files and by bytes', async () => {
    queue.add(Array.from({ length: 450 }, (_, i) => entry(`f${i}`, 10)));
    expect((await calls(3)).map((call) => pathsOf(call).length).sort()).toEqual([200, 200, 50]);
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({ providers: fake.providers });
    queue = TestBed.inject(UploadQueue);
    queue.add(Array.from({ length: 30 }, (_, i) => entry(`f${i}`, 500_000)));
    expect((await calls(2)).map((call) => pathsOf(call).length).sort()).toEqual([14, 16]);
  });

  it('cancels one of a request; the others go again', async () => {
    queue.add([entry('s1', 10), entry('s2', 20), entry('s3', 30)]);
    const [first] = await calls(1);
    const [, second] = queue.items();
    if (second) queue.cancel([second]);
    expect(first?.cancelled).toBe(true);
    const [again] = await calls(1);
    expect(pathsOf(again)).toEqual(['s1', 's3']);
    expect(states()).toEqual(['sending', 'cancelled', 'sending']);
  });

  it('says what failed, and sends it again when told', async () => {
    queue.add([entry('a', BIG)]);
    const problem = { code: 'quota-exceeded', detail: 'Full.', status: 507 };
    (await calls(1))[0]?.flush(problem, { status: 507, statusText: 'Insufficient Storage' });
    await waitFor(() => expect(states()).toEqual(['failed']));
    expect(queue.items()[0]?.problem()?.detail).toBe('Full.');
    queue.retry(queue.items());
    (await calls(1))[0]?.flush(fileInfo('a'));
    expect(states()).toEqual(['done']);
    expect(queue.items()[0]?.problem()).toBeNull();
  });

  it('keeps what failed when more comes, forgets what is done', async () => {
    queue.add([entry('a', BIG)]);
    (await calls(1))[0]?.flush(fileInfo('a'));
    queue.add([entry('b', BIG)]);
    await waitFor(() => expect(queue.items().map((item) => item.path)).toEqual(['b']));
    queue.cancel(queue.items());
    expect(states()).toEqual(['cancelled']);
    queue.clear();
    expect(queue.items()).toEqual([]);
  });

  it('holds a page that is left while something is under way', async () => {
    const leaving = () => {
      const event = new Event('beforeunload', { cancelable: true });
      globalThis.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(leaving()).toBe(false);
    queue.add([entry('a', BIG)]);
    const [call] = await calls(1);
    expect(leaving()).toBe(true);
    call?.flush(fileInfo('a'));
    expect(leaving()).toBe(false);
  });

  describe('a file that cannot be read', () => {
    it('is named with its cause, and stops none of those it would have travelled with', async () => {
      queue.add([entry('s1', 10), broken('gone', 20), entry('s3', 30)]);
      const [call] = await calls(1);
      expect(pathsOf(call)).toEqual(['s1', 's3']);
      call?.flush({ results: ['s1', 's3'].map((path) => ({ path, status: 201, file: fileInfo(path) })) });
      await waitFor(() => expect(states()).toEqual(['done', 'failed', 'done']));
      expect(queue.items()[1]?.problem()).toMatchObject({ code: 'file-unreadable', retryable: false });
      expect(queue.items()[1]?.problem()?.detail).toContain('not there any more');
    });

    it('is not sent at all when it is large, and the next one goes on', async () => {
      queue.add([broken('gone', BIG), entry('good', BIG)]);
      const [call] = await calls(1);
      expect(call?.request.params.get('path')).toBe('good');
      await waitFor(() => expect(states()[0]).toBe('failed'));
    });

    it('is told from the start when its folder could not give it, and cannot be sent again', async () => {
      queue.add([
        { path: 'pipe', problem: new ApiProblem({ code: 'file-unreadable', detail: 'The disk is silent.' }) },
      ]);
      await waitFor(() => expect(states()).toEqual(['failed']));
      expect(queue.items()[0]?.sendable).toBe(false);
      queue.retry(queue.items());
      expect(states()).toEqual(['failed']);
      expect(queue.active()).toBe(0);
    });

    it('is told from a node that is gone, and from a connection that is cut again and again', async () => {
      const vanishing = entry('a', BIG);
      queue.add([vanishing]);
      const [call] = await calls(1);
      vanishing.file.slice = broken('a', 1).file.slice;
      call?.error(new ProgressEvent('error'));
      await waitFor(() => expect(queue.items()[0]?.problem()?.code).toBe('file-unreadable'));
      queue.add([entry('b', BIG)]);
      for (let tries = 0; tries < 5; tries++) {
        (await calls(1))[0]?.error(new ProgressEvent('error'));
        await fake.answerSoon('GET', routes.node, node());
      }
      await waitFor(() => expect(queue.items().at(-1)?.problem()?.code).toBe('connection-cut'));
      expect(queue.items().at(-1)?.state()).toBe('failed');
    });

    it('is read from the disk anew when it is tried again, and alone', async () => {
      let isOpen = false;
      const shut = broken('shut', 20);
      const again = () => Promise.resolve([{ path: 'shut', file: isOpen ? entry('shut', 20).file : shut.file, again }]);
      queue.add([{ ...shut, again }, entry('s2', 20)]);
      (await calls(1))[0]?.flush(fileInfo('s2'));
      await waitFor(() => expect(states()).toEqual(['failed', 'done']));
      expect(queue.items()[0]?.problem()?.detail).toContain('permissions');
      isOpen = true;
      queue.retry(queue.items());
      const [call] = await calls(1);
      expect(call?.request.params.get('path')).toBe('shut');
      call?.flush(fileInfo('shut'));
      expect(states()).toEqual(['done', 'done']);
    });

    it('that changes while it is read is told as such', async () => {
      const growing = broken('log', 20);
      const again = () => Promise.resolve([{ path: 'log', file: entry('log', 21).file }]);
      queue.add([{ ...growing, again }]);
      await waitFor(() => {
        answerLookUps();
        expect(queue.items()[0]?.problem()?.detail).toContain('still writing');
      });
    });
  });

  describe('a name that exists', () => {
    const put = async (choice: 'Replace' | 'Keep both' | 'Skip') => {
      for (const name of ['a.txt', 'b.txt', 'a (2).txt']) there.set(name, fileInfo(name));
      queue.add([entry('a.txt', BIG), entry('new.txt', BIG), entry('b.txt', BIG)]);
      const [fresh] = await calls(1);
      expect(fresh?.request.params.get('path')).toBe('new.txt');
      fresh?.flush(fileInfo('new.txt'));
      await waitFor(() => expect(screen.getByRole('heading', { name: '2 names exist already' })).toBeTruthy());
      await answer(choice);
    };
    const sent = async () => (await calls(2)).map((call) => call.request.params.get('path')).sort();

    it('is asked about once for all, and replaces what was seen', async () => {
      await put('Replace');
      const both = await calls(2);
      expect(both.map((call) => call.request.headers.get('If-Match')).sort()).toEqual(
        ['a.txt', 'b.txt'].map((name) => `"v:${fileInfo(name).version}"`),
      );
    });

    it('may go beside, under a name that is free', async () => {
      await put('Keep both');
      expect(await sent()).toEqual(['a (3).txt', 'b (2).txt']);
    });

    it('may be skipped, and sent after all', async () => {
      await put('Skip');
      await waitFor(() => expect(states()).toEqual(['skipped', 'done', 'skipped']));
      queue.retry(queue.items());
      await answer('Replace');
      expect(await sent()).toEqual(['a.txt', 'b.txt']);
    });
  });

  describe('a write that is sent again after a lost answer', () => {
    it('carries the version that was seen, or that there was none', async () => {
      there.set('old', fileInfo('old'));
      queue.add([entry('old', BIG), entry('new', BIG)]);
      const headersOf = (path: string, sent: TestRequest[]) => {
        const headers = sent.find((call) => call.request.params.get('path') === path)?.request.headers;
        return [headers?.get('If-Match'), headers?.get('If-None-Match')];
      };
      const [first] = await calls(1);
      await answer('Replace');
      const [second] = await calls(1);
      const sent = [first, second].filter((call) => call !== undefined);
      expect(headersOf('old', sent)).toEqual([`"v:${fileInfo('old').version}"`, null]);
      expect(headersOf('new', sent)).toEqual([null, '*']);
      for (const call of sent) call.error(new ProgressEvent('error'));
      await fake.answerSoon('GET', routes.node, null, 503);
      const again = await calls(2);
      expect(headersOf('old', again)).toEqual([`"v:${fileInfo('old').version}"`, null]);
      expect(headersOf('new', again)).toEqual([null, '*']);
    });

    it('of many files goes one by one, each with what was seen', async () => {
      queue.add([entry('s1', 10), entry('s2', 20)]);
      const [many] = await calls(1);
      expect(pathsOf(many)).toEqual(['s1', 's2']);
      many?.error(new ProgressEvent('error'));
      await fake.answerSoon('GET', routes.node, node());
      const alone = await calls(2);
      expect(alone.map(({ request }) => [request.method, request.headers.get('If-None-Match')])).toEqual([
        ['PUT', '*'],
        ['PUT', '*'],
      ]);
      const of = (path: string) => alone.find(({ request }) => request.params.get('path') === path);
      const problem = { code: 'precondition-failed', detail: 'Changed since.', status: 412 };
      of('s1')?.flush(problem, { status: 412, statusText: 'Precondition Failed' });
      of('s2')?.flush(fileInfo('s2'));
      await waitFor(() => expect(states()).toEqual(['failed', 'done']));
      expect(queue.items()[0]?.problem()).toMatchObject({ code: 'precondition-failed' });
    });

    it('waits for a node that is gone, however long, and goes on when it is back', async () => {
      await fake.signIn();
      queue.add([entry('a', BIG)]);
      const [call] = await calls(1);
      fake.vanish();
      call?.error(new ProgressEvent('error'));
      /** It asks whether the node is there; nobody answers. A person does not wait until it asks again. */
      const probed = async () => {
        await waitFor(() => {
          const probes = fake.http.match(routes.node);
          for (const probe of probes) probe.error(new ProgressEvent('error'));
          expect(probes.length).toBeGreaterThan(0);
        });
        await waitFor(() =>
          expect(queue.items()[0]?.problem()?.code ?? 'sent again').toMatch(/unreachable|sent again/),
        );
        queue.retryNow();
      };
      await probed();
      // More often than what may pass is tried again elsewhere.
      for (let tries = 0; tries < 5; tries++) {
        (await calls(1))[0]?.error(new ProgressEvent('error'));
        await probed();
      }
      expect(states()).not.toEqual(['failed']);
      (await calls(1))[0]?.flush(fileInfo('a'));
      expect(states()).toEqual(['done']);
    });
  });
});
