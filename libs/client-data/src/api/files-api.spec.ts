import { HttpEventType, provideHttpClient, withInterceptors, withXhr } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { CSRF_HEADER, routes } from '@dfs/contracts';
import { apiInterceptor } from '../api.interceptor.js';
import { FilesApi } from './files-api.js';
import { FoldersApi } from './folders-api.js';
import { PeersApi } from './peers-api.js';
import type { ApiProblem } from '../problem.js';
import type { UploadStep } from './upload-steps.js';

describe('FilesApi', () => {
  let http: HttpTestingController;
  let files: FilesApi;

  beforeEach(() => {
    TestBed.configureTestingModule({
      providers: [provideHttpClient(withXhr(), withInterceptors([apiInterceptor])), provideHttpClientTesting()],
    });
    http = TestBed.inject(HttpTestingController);
    files = TestBed.inject(FilesApi);
  });
  afterEach(() => http.verify());

  const waitForRetry = async (url: string) => {
    for (let tries = 0; tries < 200; tries++) {
      const found = http.match((request) => request.url === url);
      if (found[0]) return found[0];
      await new Promise((done) => setTimeout(done, 5));
    }
    throw new Error(`no second call of ${url}`);
  };

  it('asks for a page with just what was given', () => {
    files.list({ sort: '-modifiedAt', limit: 200, prefix: 'a b/ü+&', q: '' }).subscribe();
    const call = http.expectOne((request) => request.url === routes.files);
    expect(call.request.urlWithParams).toBe('/api/v1/files?sort=-modifiedAt&limit=200&prefix=a%20b/%C3%BC%2B%26');
    expect(call.request.headers.has(CSRF_HEADER)).toBe(false);
    call.flush({ items: [], nextCursor: null, total: 0 });
  });

  it('uploads with progress and ends with the file', () => {
    const seen: UploadStep<unknown>[] = [];
    files.upload({ path: 'x/ä.txt', file: new File(['12345'], 'ä.txt') }, null).subscribe((step) => seen.push(step));
    const call = http.expectOne((request) => request.url === routes.filesContent);
    expect(call.request.method).toBe('PUT');
    expect(call.request.headers.get(CSRF_HEADER)).toBe('1');
    expect(call.request.params.get('path')).toBe('x/ä.txt');
    call.event({ type: HttpEventType.UploadProgress, loaded: 3, total: 5 });
    call.flush({ id: 'i' }, { status: 201, statusText: 'Created' });
    expect(seen).toEqual([
      { kind: 'progress', sentBytes: 0 },
      { kind: 'progress', sentBytes: 3 },
      { kind: 'done', result: { id: 'i' } },
    ]);
  });

  it('sends each path before its file, and reads one result per file', () => {
    const seen: UploadStep<unknown>[] = [];
    const sources = ['a', 'b'].map((name) => ({ path: `d/${name}`, file: new File([name], name) }));
    files.uploadMany(sources).subscribe((step) => seen.push(step));
    const call = http.expectOne(routes.files);
    expect([...(call.request.body as FormData).keys()]).toEqual(['path', 'file', 'path', 'file']);
    expect((call.request.body as FormData).getAll('path')).toEqual(['d/a', 'd/b']);
    const results = [
      { path: 'd/a', status: 201 },
      { path: 'd/b', status: 400 },
    ];
    call.flush({ results }, { status: 207, statusText: 'Multi-Status' });
    expect(seen.at(-1)).toEqual({ kind: 'done', result: results });
  });

  it('tries a read again after a failure that may pass', async () => {
    let name = '';
    files.get('f').subscribe((file) => (name = file.path));
    http.expectOne(routes.file('f')).error(new ProgressEvent('error'));
    (await waitForRetry(routes.file('f'))).flush({ path: 'found' });
    expect(name).toBe('found');
  });

  it('never sends a form or an invite again by itself', async () => {
    const problems: string[] = [];
    const error = (problem: ApiProblem) => problems.push(problem.code);
    files.uploadMany([{ path: 'a', file: new File(['a'], 'a') }]).subscribe({ error });
    http.expectOne(routes.files).error(new ProgressEvent('error'));
    TestBed.inject(PeersApi).invite({}).subscribe({ error });
    http.expectOne(routes.invites).error(new ProgressEvent('error'));
    expect(problems).toEqual(['unreachable', 'unreachable']);
  });

  it('asks for one level from a row on', () => {
    files.list({ sort: 'path', limit: 100, prefix: 'a/', offset: 500, level: true, state: 'current' }).subscribe();
    const call = http.expectOne((request) => request.url === routes.files);
    expect(call.request.urlWithParams).toBe('/api/v1/files?sort=path&limit=100&prefix=a/&offset=500&delimiter=/');
  });

  it('never sends a move, a batch without versions or a folder’s deletion again by itself', () => {
    const problems: string[] = [];
    const error = (problem: ApiProblem) => problems.push(problem.code);
    const folders = TestBed.inject(FoldersApi);
    files.batch({ op: 'delete', items: [{ id: 'f' }] }).subscribe({ error });
    files.batch({ op: 'move', items: [{ id: 'f', version: 'v', path: 'b' }] }).subscribe({ error });
    for (const call of http.match(routes.filesBatch)) call.error(new ProgressEvent('error'));
    folders.remove('a/b/').subscribe({ error });
    const call = http.expectOne((request) => request.url === routes.folders);
    expect(call.request.params.get('path')).toBe('a/b');
    call.error(new ProgressEvent('error'));
    expect(problems).toEqual(['unreachable', 'unreachable', 'unreachable']);
  });

  it('sends deletions again, since they name the versions that were seen', async () => {
    const item = { id: 'f', version: 'v' };
    let results: unknown;
    files.batch({ op: 'delete', items: [item], confirm: true }).subscribe((answer) => (results = answer.results));
    http.expectOne(routes.filesBatch).error(new ProgressEvent('error'));
    const again = await waitForRetry(routes.filesBatch);
    expect(again.request.body).toEqual({ op: 'delete', items: [item], confirm: true });
    again.flush({ results: [{ id: 'f', path: 'p', status: 204 }] }, { status: 207, statusText: 'Multi-Status' });
    expect(results).toEqual([{ id: 'f', path: 'p', status: 204 }]);
  });
});
