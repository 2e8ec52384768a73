import { HttpEventType } from '@angular/common/http';
import { TestBed } from '@angular/core/testing';
import { routes } from '@dfs/contracts';
import type { TestRequest } from '@angular/common/http/testing';
import { FakeNode, file as fileInfo } from '../../testing/fake-node.js';
import { UploadQueue } from './upload-queue.js';

const BIG = 1_000_000;

describe('UploadQueue', () => {
  let fake: FakeNode;
  let queue: UploadQueue;
  const source = (path: string, size: number) => ({ path, file: new File([new Uint8Array(size)], path) });
  const calls = (): TestRequest[] =>
    fake.http.match((request) => request.url === routes.filesContent || request.url === routes.files);
  const states = () => queue.items().map((item) => item.state());

  beforeEach(() => {
    fake = new FakeNode();
    TestBed.configureTestingModule({ providers: fake.providers });
    queue = TestBed.inject(UploadQueue);
  });

  it('sends a few at a time, and the next when one is done', () => {
    queue.add(['a', 'b', 'c', 'd'].map((path) => source(path, BIG)));
    const sent = calls();
    expect(sent.map((call) => call.request.params.get('path'))).toEqual(['a', 'b', 'c']);
    sent[0]?.flush(fileInfo('a'), { status: 201, statusText: 'Created' });
    expect(calls().map((call) => call.request.params.get('path'))).toEqual(['d']);
    expect(states()).toEqual(['done', 'sending', 'sending', 'sending']);
  });

  it('tells progress, and that the node still has to store what has arrived', () => {
    queue.add([source('a', BIG)]);
    const [call] = calls();
    call?.event({ type: HttpEventType.UploadProgress, loaded: 400_000, total: BIG });
    expect(queue.bytes()).toEqual({ total: BIG, sent: 400_000 });
    expect(states()).toEqual(['sending']);
    call?.event({ type: HttpEventType.UploadProgress, loaded: BIG, total: BIG });
    expect(states()).toEqual(['storing']);
    expect(queue.active()).toBe(1);
    call?.flush(fileInfo('a'));
    expect(states()).toEqual(['done']);
    expect(queue.active()).toBe(0);
  });

  it('puts many small files into one request, and takes each one’s own result', () => {
    queue.add([source('big', BIG), source('s1', 10), source('s2', 20), source('s3', 30)]);
    const [big, many] = calls();
    expect(big?.request.method).toBe('PUT');
    expect((many?.request.body as FormData).getAll('path')).toEqual(['s1', 's2', 's3']);
    const problem = { code: 'invalid-path', detail: 'No.', status: 400 };
    const results = [
      { path: 's1', status: 201, file: fileInfo('s1') },
      { path: 's2', status: 400, problem },
      { path: 's3', status: 200, file: fileInfo('s3') },
    ];
    many?.flush({ results }, { status: 207, statusText: 'Multi-Status' });
    expect(states()).toEqual(['sending', 'done', 'failed', 'done']);
    expect(queue.items()[2]?.problem()).toMatchObject({ code: 'invalid-path', detail: 'No.' });
  });

  it('bounds a request by files and by bytes', () => {
    queue.add(Array.from({ length: 450 }, (_, i) => source(`f${i}`, 10)));
    expect(calls().map((call) => (call.request.body as FormData).getAll('path').length)).toEqual([200, 200, 50]);
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({ providers: fake.providers });
    queue = TestBed.inject(UploadQueue);
    queue.add(Array.from({ length: 30 }, (_, i) => source(`f${i}`, 500_000)));
    const lengths = calls().map((call) => (call.request.body as FormData).getAll('path').length);
    expect(lengths).toEqual([16, 14]);
  });

  it('cancels one of a request; the others go again', () => {
    queue.add([source('s1', 10), source('s2', 20), source('s3', 30)]);
    const [first] = calls();
    const [, second] = queue.items();
    if (second) queue.cancel(second);
    expect(first?.cancelled).toBe(true);
    const [again] = calls();
    expect((again?.request.body as FormData).getAll('path')).toEqual(['s1', 's3']);
    expect(states()).toEqual(['sending', 'cancelled', 'sending']);
  });

  it('says what failed, and sends it again when told', () => {
    queue.add([source('a', BIG)]);
    const problem = { code: 'quota-exceeded', detail: 'Full.', status: 507 };
    calls()[0]?.flush(problem, { status: 507, statusText: 'Insufficient Storage' });
    expect(states()).toEqual(['failed']);
    expect(queue.items()[0]?.problem()?.detail).toBe('Full.');
    queue.retry(queue.items());
    calls()[0]?.flush(fileInfo('a'));
    expect(states()).toEqual(['done']);
    expect(queue.items()[0]?.problem()).toBeNull();
  });

  it('keeps what failed when more comes, forgets what is done', () => {
    queue.add([source('a', BIG)]);
    calls()[0]?.flush(fileInfo('a'));
    queue.add([source('b', BIG)]);
    expect(queue.items().map((item) => item.path)).toEqual(['b']);
    queue.cancelAll();
    expect(states()).toEqual(['cancelled']);
    queue.clear();
    expect(queue.items()).toEqual([]);
  });

  it('holds a page that is left while something is under way', () => {
    const leaving = () => {
      const event = new Event('beforeunload', { cancelable: true });
      globalThis.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect(leaving()).toBe(false);
    queue.add([source('a', BIG)]);
    expect(leaving()).toBe(true);
    calls()[0]?.flush(fileInfo('a'));
    expect(leaving()).toBe(false);
  });
});
