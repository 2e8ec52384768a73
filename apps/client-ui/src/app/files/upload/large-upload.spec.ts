import { HttpEventType } from '@angular/common/http';
import type { TestRequest } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { routes } from '@dfs/contracts';
import { waitFor } from '@testing-library/dom';
import { FakeNode, file as fileInfo } from '../../../testing/fake-node.js';
import { UploadQueue } from './upload-queue.js';

describe('a large file', () => {
  let fake: FakeNode;
  let queue: UploadQueue;
  const answerLookUps = () => {
    for (const call of fake.http.match((request) => request.url === routes.filesLookup)) {
      const { paths } = call.request.body as { paths: string[] };
      if (!call.cancelled) call.flush({ results: paths.map((path) => ({ path, file: null })) });
    }
  };
  const states = () => queue.items().map((item) => item.state());
  const size = 40 * 1024 * 1024;
  const part = 16 * 1024 * 1024;
  const large = (path: string) => {
    const file = new File([], path, { lastModified: 5 });
    // As long as its parts say, without the bytes.
    Object.defineProperty(file, 'size', { value: size * 2 });
    file.slice = (from = 0, to = 0) => {
      const piece = new Blob(['x']);
      Object.defineProperty(piece, 'size', { value: Math.min(to, size * 2) - from });
      return piece;
    };
    return { path, file };
  };
  const info = (offset: number, more: object = {}) => ({
    id: 'u1',
    path: 'l',
    size: size * 2,
    offset,
    state: 'running',
    ...more,
  });
  const begins = () => fake.http.match((request) => request.url === routes.uploads && request.method === 'POST');
  const patches = async (): Promise<TestRequest> =>
    waitFor(() => {
      const [found] = fake.http.match((request) => request.method === 'PATCH');
      if (!found) throw new Error('nothing is sent yet');
      return found;
    });
  const begin = async () => {
    queue.add([large('l')]);
    await waitFor(() => {
      answerLookUps();
      const [call] = begins();
      expect(call?.request.headers.get('Upload-Length')).toBe(String(size * 2));
      expect(call?.request.headers.get('If-None-Match')).toBe('*');
      call?.flush('', { headers: { Location: '/api/v1/uploads/u1' } });
    });
  };

  beforeEach(() => {
    localStorage.clear();
    fake = new FakeNode();
    TestBed.configureTestingModule({ providers: fake.providers });
    queue = TestBed.inject(UploadQueue);
  });

  afterEach(() => {
    queue.cancel(queue.items());
    fake.events.stop();
  });

  it('goes in parts from where the node has it to, and pauses and goes on there', async () => {
    await begin();
    await fake.answerSoon('GET', routes.upload('u1'), info(0));
    const first = await patches();
    expect(first.request.headers.get('Upload-Offset')).toBe('0');
    expect((first.request.body as Blob).size).toBe(part);
    first.flush(null, { status: 204, statusText: 'No Content' });
    const second = await patches();
    expect(second.request.headers.get('Upload-Offset')).toBe(String(part));
    second.event({ type: HttpEventType.UploadProgress, loaded: 1000, total: part });
    expect(queue.bytes()).toEqual({ total: size * 2, sent: part + 1000, stored: part });
    queue.pause(queue.items());
    expect(second.cancelled).toBe(true);
    expect(states()).toEqual(['paused']);
    queue.resume(queue.items());
    await fake.answerSoon('GET', routes.upload('u1'), info(part + 700));
    const third = await patches();
    expect(third.request.headers.get('Upload-Offset')).toBe(String(part + 700));
    expect(begins()).toEqual([]);
  });

  it('that a page before has begun is named, and goes on once it is chosen again; one that is done is done', async () => {
    await begin();
    await fake.answerSoon('GET', routes.upload('u1'), info(0));
    (await patches()).flush(null, { status: 204, statusText: 'No Content' });
    await patches();
    globalThis.dispatchEvent(new Event('pagehide'));
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({ providers: fake.providers });
    queue = TestBed.inject(UploadQueue);
    expect(states()).toEqual(['unchosen']);
    await fake.answerSoon('GET', routes.upload('u1'), info(part + 9));
    expect(queue.items()[0]?.storedBytes()).toBe(part + 9);
    const other = new File(['x'], 'other');
    expect(queue.choose([other])).toBe(0);
    expect(queue.choose([large('l').file])).toBe(1);
    await fake.answerSoon('GET', routes.upload('u1'), info(part + 9));
    expect((await patches()).request.headers.get('Upload-Offset')).toBe(String(part + 9));
    globalThis.dispatchEvent(new Event('pagehide'));
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({ providers: fake.providers });
    queue = TestBed.inject(UploadQueue);
    await fake.answerSoon('GET', routes.upload('u1'), info(size * 2, { state: 'finished', file: fileInfo('l') }));
    expect(states()).toEqual(['done']);
  });

  it('that the node has given up begins anew', async () => {
    await begin();
    await fake.answerSoon('GET', routes.upload('u1'), { code: 'upload-expired', status: 410 }, 410);
    await waitFor(() => expect(begins()).toHaveLength(1));
  });
});
