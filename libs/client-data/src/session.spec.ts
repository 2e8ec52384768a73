import { provideHttpClient, withInterceptors, withXhr } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { CSRF_HEADER, routes } from '@dfs/contracts';
import { apiInterceptor } from './api.interceptor.js';
import { Session } from './session.js';

describe('Session', () => {
  let http: HttpTestingController;
  let session: Session;
  const settled = () => new Promise((done) => setTimeout(done));

  beforeEach(() => {
    TestBed.configureTestingModule({
      providers: [provideHttpClient(withXhr(), withInterceptors([apiInterceptor])), provideHttpClientTesting()],
    });
    http = TestBed.inject(HttpTestingController);
    session = TestBed.inject(Session);
  });
  afterEach(() => {
    http.verify();
    window.history.replaceState(null, '', '/');
  });

  it('trades the token of the link, which leaves the address at once', async () => {
    window.history.replaceState(null, '', '/files?folder=a#token=s3cret%2B');
    const entries = window.history.length;
    const started = session.start();
    expect(window.location.href).toBe('http://localhost/files?folder=a');
    expect(window.history.length).toBe(entries);
    const call = http.expectOne({ method: 'POST', url: routes.session });
    expect(call.request.body).toEqual({ token: 's3cret+' });
    expect(call.request.headers.get(CSRF_HEADER)).toBe('1');
    call.flush('', { status: 204, statusText: 'No Content' });
    await started;
    expect(session.status()).toBe('signed-in');
  });

  it('without a token asks the node whether the cookie is good', async () => {
    const started = session.start();
    http.expectOne(routes.node).flush({});
    await started;
    expect(session.status()).toBe('signed-in');
  });

  it('is signed out on a 401', async () => {
    const started = session.start();
    http.expectOne(routes.node).flush(null, { status: 401, statusText: 'Unauthorized' });
    await started;
    expect(session.status()).toBe('signed-out');
    expect(session.problem()).toBeNull();
  });

  it('takes a whole pasted link as well as the token, and tells why one is refused', async () => {
    const signingIn = session.signIn('  http://127.0.0.1:3000/#token=abc ');
    const call = http.expectOne(routes.session);
    expect(call.request.body).toEqual({ token: 'abc' });
    const problem = { code: 'unauthorized', detail: 'This token is not the one of this node.' };
    call.flush(problem, { status: 401, statusText: 'Unauthorized' });
    expect(await signingIn).toBe(false);
    expect(session.status()).toBe('signed-out');
    expect(session.problem()?.detail).toBe('This token is not the one of this node.');
  });

  it('signs out on the node too', async () => {
    const signingOut = session.signOut();
    const call = http.expectOne({ method: 'DELETE', url: routes.session });
    expect(call.request.headers.get(CSRF_HEADER)).toBe('1');
    call.flush('', { status: 204, statusText: 'No Content' });
    await signingOut;
    expect(session.status()).toBe('signed-out');
  });

  it('takes the token of a link opened in a tab that shows the console already', async () => {
    const started = session.start();
    http.expectOne(routes.node).flush(null, { status: 401, statusText: 'Unauthorized' });
    await started;
    window.location.hash = '#token=later';
    await settled();
    const call = http.expectOne(routes.session);
    expect(call.request.body).toEqual({ token: 'later' });
    expect(window.location.hash).toBe('');
    call.flush('');
    await settled();
    expect(session.status()).toBe('signed-in');
  });
});
